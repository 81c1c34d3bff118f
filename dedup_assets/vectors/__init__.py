"""Vectors of the kept pictures and of prompts: which are missing, computing them, and the models that made them."""
