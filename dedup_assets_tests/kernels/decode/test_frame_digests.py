"""Every frame has a checksum of its own bytes, and what runs over the end has none."""

import io

import numpy as np
import pytest
from PIL import Image

from dedup_assets.kernels.decode.frame_digests import digest_frames
from dedup_assets_tests.kernels.films import film, moving_view

VIEW = moving_view(count=10)


def digests(data: bytes) -> list[int]:
    with Image.open(io.BytesIO(data)) as image:
        return list(map(int, np.frombuffer(digest_frames(data, image, range(10)), np.uint32)))


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_a_changed_frame_changes_its_own_checksum(image_format: str) -> None:
    changed = [*VIEW[:5], Image.new("RGB", VIEW[0].size, "red"), *VIEW[6:]]
    one, other = digests(film(VIEW, image_format)), digests(film(changed, image_format))
    assert (len(one), len(other)) == (10, 10)
    differing = [place for place in range(10) if one[place] != other[place]]
    assert 5 in differing
    assert len(differing) <= 2  # frames may be stored as their difference to the one before


def test_frames_that_are_cut_off_and_other_formats_have_none() -> None:
    whole = film(VIEW, "GIF")
    assert 0 < len(digests(whole[: len(whole) // 2])) < 10
    assert digests(film(VIEW[:2], "AVIF")) == []
