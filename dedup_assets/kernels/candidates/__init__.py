"""Which contents might show the same picture, by their hashes alone.

Equal hashes first become one class (`hash_classes.py`); `near_contents.py` finds pairs of near ones, turned, mirrored or
framed, by `hamming_search.py`, which compares what shares one of the `bands.py`, in the loops of
`band_join.py`. Pictures with next to nothing to hash are linked by `plain_links.py` instead.
"""
