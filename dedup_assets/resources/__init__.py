"""The edges of the world: image store, table store, database."""
