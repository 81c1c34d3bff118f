"""Pairs of contents across all partitions: which may be duplicates, by hash, recipe or vector, and the evidence on each."""
