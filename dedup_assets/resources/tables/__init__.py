"""Parquet tables by partition, in a folder or a container."""
