"""Vectors of kept pictures and of prompts, and who is near whom by them."""
