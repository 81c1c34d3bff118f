"""Vectors of pictures: the built-in descriptor, and the search for the nearest.

`vlad.py` makes one vector of a picture; `exact_search.py` finds the nearest of each and keeps the lists up to date,
`sign_search.py` does so for more vectors than can all be compared, and measures what it misses.
"""
