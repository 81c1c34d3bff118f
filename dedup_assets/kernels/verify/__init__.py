"""Whether two pictures are the same: tests from cheap to dear, and the evidence that they leave.

Read `cascade.py`, the order of the tests; `evidence.py` has what goes in, the thresholds, and what comes out. A map between
the two is known (`maps.py`) or found from features (`local_features.py`, `geometry.py`) and refined (`alignment.py`).
Under it `overlap.py` measures what both show, with `colour.py`, `seams.py` and `strokes.py`; `pixel_tests.py` judges that, with
`parallax.py`.
"""
