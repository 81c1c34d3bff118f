"""Every kind is planted equally often, and each copy is followed through the line."""

from collections import Counter

import numpy as np
import pytest

from dedup_assets.calibration.planting import PlantedPair, edits_of, has_colour, plant
from dedup_assets.calibration.ranges import VERIFIED
from dedup_assets.calibration.sampling import SampledImage
from dedup_assets.calibration.seeing import describe_planted, embed_all
from dedup_assets.kernels.planted_edits import grayed, jpeg
from dedup_assets.kernels.planted_kinds import PLANTED_EDITS
from dedup_assets_tests.calibration.samples import described, photograph, present_policy


@pytest.fixture(scope="module")
def planted() -> dict[str, PlantedPair]:
    present = present_policy()
    image = SampledImage("coffee", b"1", described("coffee.png"), photograph("coffee.png"))
    vector = embed_all([image.description], present.embedder)[0]
    return {pair.kind: pair for pair in plant(present, PLANTED_EDITS, image, vector)}


@pytest.mark.parametrize("each", [1, 4, 5])
def test_every_kind_is_planted_equally_often(each: int) -> None:
    kinds = Counter(edit.name for number in range(len(PLANTED_EDITS)) for edit in edits_of(number, each))
    assert set(kinds.values()) == {each}


def test_a_light_edit_is_found_by_hash_and_a_heavy_crop_by_its_vector(planted: dict[str, PlantedPair]) -> None:
    light, heavy = planted["JPEG 90"], planted["cropped 50%"]
    assert light.distances.upright[0] <= 10
    assert heavy.distances.upright[0] > 40
    assert light.cosine is None
    assert heavy.cosine is not None
    assert heavy.cosine > 0.18
    present = present_policy()
    grids = present.grids(VERIFIED)
    at = grids["min_overlap"].index(present.values["min_overlap"])
    assert light.verdicts["min_overlap"][at]
    assert heavy.verdicts["min_overlap"][at]


def test_a_recoloured_copy_is_let_through_by_no_colour_limit_but_none(planted: dict[str, PlantedPair]) -> None:
    verdicts = planted["recoloured"].verdicts["min_color_agreement"]
    assert not verdicts[-5:].any()
    assert planted["recoloured"].family == "different"


def test_what_is_made_of_a_picture_is_joined_or_kept_apart_as_it_ought_to_be(planted: dict[str, PlantedPair]) -> None:
    made = [edit for edit in PLANTED_EDITS if edit.base]
    present = present_policy()
    at = present.grids(VERIFIED)["min_overlap"].index(present.values["min_overlap"])
    joined = {edit.name: bool(planted[edit.name].verdicts["min_overlap"][at]) for edit in made}
    assert joined == {edit.name: edit.family != "different" for edit in made}


def test_a_picture_without_colour_is_not_recoloured() -> None:
    gray = grayed(photograph("coffee.png"))
    assert has_colour(photograph("coffee.png"))
    assert not has_colour(gray)
    present = present_policy()
    image = SampledImage("gray", b"1", describe_planted(jpeg(gray)), gray)
    recolouring = [edit for edit in PLANTED_EDITS if edit.name == "recoloured"]
    assert plant(present, recolouring, image, np.full(256, np.nan, np.float32)) == []


def test_a_copy_that_nothing_proposes_is_found_at_no_value() -> None:
    present = present_policy()
    image = SampledImage("coffee", b"1", described("coffee.png"), photograph("coffee.png"))
    cropping = [edit for edit in PLANTED_EDITS if edit.name == "cropped 50%"]
    (pair,) = plant(present, cropping, image, np.full(256, np.nan, np.float32))
    assert pair.kind == "cropped 50%"
    assert not any(verdicts.any() for verdicts in pair.verdicts.values())
