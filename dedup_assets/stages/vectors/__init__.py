"""Vectors of kept pictures and of prompts, and who is near whom by them.

`vector_rows` are what is known; `image_vectors` and `prompt_vectors` compute what is missing; `nearest_pictures` chooses the
pairs to verify. For people: `similar_images` searches for one image, `stored_models` lists models and drops one.
"""
