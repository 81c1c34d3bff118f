"""Parquet tables by partition, in a folder or a container.

From the outside in: `store` writes and reads partitions, `commits` says which of their parts are visible, `parquet` is one
part, and `stored_files` is the place where all of it lies.
"""
