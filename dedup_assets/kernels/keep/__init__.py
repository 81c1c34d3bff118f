"""Which image of a group is kept, and why.

Read `ranking.py`: the rules in their order. Each rule (`rules.py`) reads `columns.py` and gives one number an image, with
the judgements of `real_pixels.py`, `encoding_history.py` and `copy_names.py`; `consensus.py` says how far a picture stands from
the others, and `words.py` why one was kept. `within.py` is the arithmetic within components.
"""
