"""Every kind makes readable files, the same every time, of which no two are equal."""

import numpy as np
import pytest

from dedup_assets.kernels.decode.image import DecodeLimits, decode_image
from dedup_assets.kernels.planted_edits import Picture, scaled
from dedup_assets.kernels.planted_kinds import PLANTED_EDITS, PlantedEdit
from dedup_assets_tests.kernels.photographs import load_photograph


@pytest.fixture(scope="module")
def picture() -> Picture:
    return scaled(np.array(load_photograph("coffee.png")), 0.5)


@pytest.mark.parametrize("edit", PLANTED_EDITS, ids=lambda edit: edit.name)
def test_every_kind_makes_the_same_readable_files_and_leaves_its_picture_alone(
    edit: PlantedEdit, picture: Picture
) -> None:
    before = picture.copy()
    makers = [make for make in (edit.apply, edit.base) if make]
    files = [make(picture) for make in makers]
    assert files == [make(before) for make in makers]
    assert len(set(files)) == len(files)
    assert np.array_equal(picture, before)
    assert all(min(decode_image(data, DecodeLimits()).rgb.shape[:2]) > 20 for data in files)


def test_every_name_stands_there_once() -> None:
    names = [edit.name for edit in PLANTED_EDITS]
    assert len(set(names)) == len(names)
    assert {edit.family for edit in PLANTED_EDITS} == {"near", "turned", "copy", "different"}


def test_of_what_is_made_of_a_picture_something_differs_for_every_base() -> None:
    assert {edit.base for edit in PLANTED_EDITS if edit.family == "different"} == {edit.base for edit in PLANTED_EDITS}
