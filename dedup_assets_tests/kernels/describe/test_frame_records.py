"""Frames are kept as they were read, and a still keeps none."""

import numpy as np

from dedup_assets.kernels.decode.further_frames import FurtherFrames
from dedup_assets.kernels.describe.frame_records import pack_frames, unpack_frames
from dedup_assets.kernels.describe.hashes import dct_hashes

GRAYS = np.random.default_rng(3).integers(0, 256, (3, 64, 64), dtype=np.uint8)


def test_records_hold_moment_place_hash_and_cells_of_each_frame() -> None:
    packed = pack_frames(GRAYS[0], FurtherFrames(9, (80, 2**40), (1, 8), GRAYS[1:].tobytes()))
    records = unpack_frames(packed)
    assert records is not None
    assert records["moment"].tolist() == [0, 80, 2**31 - 1]
    assert records["place"].tolist() == [0, 1, 8]
    np.testing.assert_array_equal(records["dct"], dct_hashes(GRAYS))
    np.testing.assert_allclose(records["gray"], GRAYS.reshape(3, 16, 4, 16, 4).mean(axis=(2, 4)), atol=0.51)


def test_of_a_film_whose_frames_are_damaged_the_first_is_kept_and_of_a_still_none() -> None:
    damaged = unpack_frames(pack_frames(GRAYS[0], FurtherFrames(5)))
    assert damaged is not None
    assert len(damaged) == 1
    assert pack_frames(GRAYS[0], FurtherFrames(1)) is None
    assert unpack_frames(None) is None
