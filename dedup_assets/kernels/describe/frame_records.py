"""A few frames of a film or pages of a document in 296 bytes each.

Here belongs what is kept of a frame. Decoding frames is in `kernels/decode/further_frames.py`, comparing those of two files in
`kernels/verify/films.py`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.decode.further_frames import FurtherFrames
from dedup_assets.kernels.describe.hashes import GRAY_SIDE, dct_hashes, sum_cells

FRAME: Final = np.dtype([("moment", "<i4"), ("place", "<i4"), ("dct", "u1", 32), ("gray", "u1", (16, 16))])
"""Begin in ms (0 for pages), number from 0, DCT hash and means of 4x4 cells of the 64x64 gray picture."""
_MAX_MOMENT: Final = 2**31 - 1


def pack_frames(first: NDArray[np.uint8], further: FurtherFrames) -> bytes | None:
    """Return the records of the first picture, (64, 64) uint8, and of the further ones; None for a still."""
    if further.count == 1:
        return None
    grays = np.concatenate([first[None], np.frombuffer(further.grays, np.uint8).reshape(-1, GRAY_SIDE, GRAY_SIDE)])
    records = np.zeros(len(grays), FRAME)
    records["moment"] = np.minimum((0, *further.moments), _MAX_MOMENT)
    records["place"] = (0, *further.places)
    records["dct"] = dct_hashes(grays)
    records["gray"] = np.rint(sum_cells(grays) / 16)
    return records.tobytes()


def unpack_frames(data: bytes | None) -> NDArray[np.void] | None:
    """Return (n,) records of FRAME, the first picture first; None for None."""
    return None if data is None else np.frombuffer(data, FRAME)
