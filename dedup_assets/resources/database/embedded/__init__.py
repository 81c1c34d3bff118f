"""The PostgreSQL server out of a pip wheel, for those who have none."""
