"""What assets are made of: the shape of a stage, and what each of them does between two tables."""
