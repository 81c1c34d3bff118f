"""PostgreSQL with pgvector: the way there, its schema, and the rows that are kept in it."""
