"""Tests of the edges of the world: image store, table store, database."""
