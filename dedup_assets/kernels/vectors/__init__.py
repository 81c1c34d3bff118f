"""Vectors of pictures: the built-in descriptor, and the search for the nearest."""
