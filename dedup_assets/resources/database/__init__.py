"""PostgreSQL with pgvector, a copy that can be rebuilt from the tables, and the home of people's decisions.

`connection` finds the server, or starts the one of `embedded/`; `migrations` bring its schema up to date. Then, as rows are
written: `store_entries` (whose they are), `image_rows`, `models`, `vectors`, `prompt_rows`, and the index of
`hnsw`; `nearest_images` searches, `decisions` are what people said.
"""
