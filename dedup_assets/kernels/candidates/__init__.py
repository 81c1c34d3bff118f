"""Which contents might show the same picture, by their hashes alone."""
