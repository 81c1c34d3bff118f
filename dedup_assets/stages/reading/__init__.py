"""From a blob to a row of `image_features`.

`reader` decides which processes read what, and in which order; each image becomes a row in `rows`. `isolated_decoding` puts one
image into a process of its own, which outlives what the image does to a decoder. `unnoticed_edits` finds what changed behind an
etag that did not, `carried_rows` which rows of an earlier version stand.
"""
