"""What is clear is what the exact tests say; what is not is left to them."""

from collections.abc import Callable

import numpy as np
import pytest

from dedup_assets.kernels.transforms import TRANSFORMS, transform_image
from dedup_assets.kernels.verify import cascade
from dedup_assets.kernels.verify.clear.cases import decide_by_box, decide_by_signatures
from dedup_assets.kernels.verify.evidence import UNKNOWN, PairEvidence
from dedup_assets.kernels.verify.exact.pixel_tests import Pair
from dedup_assets.kernels.verify.maps import best_box_map
from dedup_assets.kernels.verify.thresholds import VerificationThresholds
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify import drawings
from dedup_assets_tests.kernels.verify.clear.test_frames import gray, recoloured
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed, seen

PHOTOGRAPH: Picture = np.array(load_photograph("astronaut.png"))[:400]
OTHER: Picture = np.array(load_photograph("coffee.png"))
LIMITS = VerificationThresholds()
EDITS: dict[str, Callable[[Picture], Picture]] = {
    "recompressed": lambda p: recompressed(p, 30),
    "gray": gray,
    "recoloured": recoloured,
    "cropped": lambda p: np.ascontiguousarray(p[60:360, 100:460]),
    "mirrored and cropped": lambda p: np.ascontiguousarray(p[40:360, 460:60:-1]),
    "captioned": drawings.captioned,
}


def pair(left: Picture, right: Picture, transform: str = UNKNOWN, limits: VerificationThresholds = LIMITS) -> Pair:
    return Pair(seen(left), seen(right), transform, limits)


def by_box(asked: Pair) -> PairEvidence | None:
    return decide_by_box(asked, best_box_map(asked.left, asked.right, asked.transform))


@pytest.mark.parametrize("edit", EDITS)
def test_under_the_map_of_signatures_the_verdict_and_level_are_those_of_the_exact_fit(edit: str) -> None:
    asked = pair(PHOTOGRAPH, EDITS[edit](PHOTOGRAPH))
    clear, exact = decide_by_signatures(asked), cascade._fit_locally(asked)
    assert clear is not None
    assert (clear.verdict, clear.level, clear.relation) == (exact.verdict, exact.level, exact.relation)
    assert clear.overlap_left == pytest.approx(exact.overlap_left, abs=0.02)
    assert clear.structure_score == pytest.approx(exact.structure_score, abs=0.05)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_turned_copy_is_clear_under_its_turn_alone(transform: str) -> None:
    turned = transform_image(PHOTOGRAPH, transform)
    found = by_box(pair(PHOTOGRAPH, turned, transform))
    assert found is not None
    assert (found.verdict, found.decided_by) == (True, "global_structure")
    assert found.level == ("near" if transform == "identity" else "copy")
    assert by_box(pair(PHOTOGRAPH, turned, "rot90" if transform != "rot90" else "identity")) is None


def test_other_colours_are_another_picture() -> None:
    found = by_box(pair(PHOTOGRAPH, recoloured(PHOTOGRAPH), "identity"))
    assert found is not None
    assert (found.verdict, found.decided_by) == (False, "color")


def test_unrelated_pictures_are_rejected_by_their_signatures_and_hashes_that_propose_them_are_in_doubt() -> None:
    for transform in (UNKNOWN, "identity"):
        found = decide_by_signatures(pair(PHOTOGRAPH, OTHER, transform))
        assert found is not None
        assert (found.verdict, found.decided_by) == (False, "local_features")
        assert (found.local_inliers or 0) < 8
    assert by_box(pair(PHOTOGRAPH, OTHER, "identity")) is None


def test_what_lies_within_a_margin_of_a_threshold_is_in_doubt() -> None:
    low = recompressed(PHOTOGRAPH, 12)
    found = by_box(pair(PHOTOGRAPH, low, "identity"))
    assert found is not None
    assert found.structure_score is not None
    near = VerificationThresholds(min_global_agreement=found.structure_score - 0.01)
    assert by_box(pair(PHOTOGRAPH, low, "identity", near)) is None
    many = VerificationThresholds(min_local_inliers=400)
    assert decide_by_signatures(pair(PHOTOGRAPH, low, limits=many)) is None


def test_pages_are_in_doubt_however_well_they_agree() -> None:
    page = drawings.page(3)
    assert by_box(pair(page, recompressed(page, 60), "identity")) is None
