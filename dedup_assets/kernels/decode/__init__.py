"""From the bytes of a file to one upright sRGB picture, or to the reason why not.

Read `image.py`, which goes through the others: `limits.py` judges the header before anything is decoded; a plain JPEG
(`jpeg_header.py`) takes the fast path of `jpeg.py`, all else Pillow's and `pixels.py`; then `rendering.py` shows colours as a
viewer does. What a file holds beside its first picture is read by `further_frames.py` (with `frame_digests.py`), `losses.py` and
`origin.py`. What fails is told by `unreadable.py`, in the words of `causes.py`. `declared_size.py` says beforehand how large a
picture is, `chunks.py` where the parts of PNG and WebP lie.
"""
