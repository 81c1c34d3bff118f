"""Reading AI-generation metadata from image files: carriers, one parser a tool, and the recipe hash."""
