"""Pages, screens and drawings, read closely: whether two that agree as thumbnails say the same words.

`registration.py` lays one finer record exactly upon the other, `words.py` finds what the one has and the other lacks, and judges.
`directions.py` says what of it may be turned or mirrored.
"""
