"""From a picture to all that is measured of it: hashes, colours, borders, quality, thumbnail."""
