"""The exact tests, on thumbnails and local features.

A map is found from `local_features` by `geometry` and refined by `alignment`. Under it `overlap` measures what both show, with
`colour` (and `colour_changes`, over whole pictures), `surroundings`, `seams` and `strokes`; `pixel_tests` judge that, with
`parallax`, and what has `little_detail`.
"""
