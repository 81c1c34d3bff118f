"""From a blob to a row of `image_features`.

`reader` decides which threads or processes read and in which order; each image becomes a row in `rows`.
`isolated_processes` outlive what an image does to a decoder; `isolated_decoding` puts one image into such a process.
"""
