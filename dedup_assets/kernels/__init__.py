"""Pure functions, arrays in and arrays out: hashing, search, colour, geometry, quality, grouping, descriptors."""
