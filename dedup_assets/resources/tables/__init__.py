"""Parquet tables by partition, in a folder or a container.

From the outside in: `store` changes partitions, `visible_tables` reads them, `commit_log` knows the newest of their `commits`,
which say what parts are visible, `parquet` is one part, `stored_files` is the place where all of it lies, and `durable` how it
gets there. `damage` looks through all of it.
"""
