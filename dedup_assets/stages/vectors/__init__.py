"""Vectors of kept pictures and of prompts, and who is near whom by them.

`kept_model` says whose vectors; `vector_rows` are what is known of them; `image_vectors`, as `embedded_rows` of a slice, and
`prompt_vectors` compute what is missing, for one `embedding_run`; `nearest_pictures` are those near each other, `similar_pairs`
the pairs of them and their verdicts. For people: `similar_images` searches for one image, `stored_models` lists models and
drops one.
"""
