"""From a picture to all that is measured of it: hashes, colours, borders, quality, thumbnail.

Read `description.py`, the list of it all. Each picture is first made small (`shrinking.py`) and looked at for a border
(`borders.py`); from the small pictures come `hashes.py` (by the arithmetic of `exact_frequencies.py`), `palette.py`, `quality.py`
(with `compression.py` and `lattice.py`) and `thumbnails.py`. `drawn.py` tells pages, screens and drawings, which get a finer
record, and `frame_records.py` keeps a few frames of films. `sift.py` describes thumbnails later, when pairs or vectors ask.
"""
