"""Copies are recognised, other pictures are not, and the answer does not depend on the order of the two."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.transforms import INVERSE_TRANSFORMS, TRANSFORMS, transform_image
from dedup_assets.kernels.verify.cascade import DEFAULT_THRESHOLDS, UNKNOWN, VerifiableImage, judge_fit, verify_pair
from dedup_assets.kernels.verify.exact.geometry import GeometricFit
from dedup_assets.kernels.verify.exact.pixel_tests import Pair, judge_overlap
from dedup_assets.kernels.verify.maps import invert_fractions, unit_map
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify import drawings
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed, seen

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


def photograph(name: str) -> Picture:
    picture = np.array(load_photograph(name))
    return np.asarray(cv2.resize(picture, (640, 480), interpolation=cv2.INTER_AREA), np.uint8)


def crop(picture: Picture, side: float) -> Picture:
    height, width = picture.shape[:2]
    h, w = int(height * side), int(width * side)
    return np.ascontiguousarray(
        picture[(height - h) // 3 : (height - h) // 3 + h, (width - w) // 2 : (width - w) // 2 + w]
    )


def tilted(picture: Picture, degrees: float) -> Picture:
    matrix = cv2.getRotationMatrix2D((320, 240), degrees, 1)
    return np.asarray(cv2.warpAffine(picture, matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def hue_turned(picture: Picture) -> Picture:
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 75) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def any_match(images: list[VerifiableImage], transform: str) -> bool:
    return any(verify_pair(one, other, transform).verdict for one, other in combinations(images, 2))


NEAR: dict[str, Callable[[Picture], Picture]] = {
    "recompressed": lambda p: recompressed(p, 20),
    "a quarter of the size": lambda p: np.asarray(
        cv2.resize(p, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.uint8
    ),
    "gamma": lambda p: (255 * (p / 255.0) ** 1.5).astype(np.uint8),
    "gray": lambda p: np.repeat(np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2),
    "slightly cropped": lambda p: crop(p, 0.97),
    "a tenth cropped": lambda p: crop(p, 0.95),
    "tilted by one degree": lambda p: tilted(p, 1),
}
COPIES: dict[str, Callable[[Picture], Picture]] = {
    "half cropped": lambda p: crop(p, 0.7),
    "mirrored and cropped": lambda p: crop(p[:, ::-1], 0.85),
    "captioned": drawings.captioned,
    "on a screen": drawings.in_browser,
    "tilted by six degrees": lambda p: tilted(p, 6),
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("edit", NEAR)
def test_a_lightly_edited_photograph_is_near(name: str, edit: str) -> None:
    original = photograph(name)
    evidence = verify_pair(seen(original), seen(NEAR[edit](original)), "identity")
    assert (evidence.verdict, evidence.level, evidence.relation) == (True, "near", "same")


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("edit", COPIES)
def test_a_heavily_edited_photograph_is_a_copy(name: str, edit: str) -> None:
    original = photograph(name)
    evidence = verify_pair(seen(original), seen(COPIES[edit](original)), UNKNOWN)
    assert (evidence.verdict, evidence.level) == (True, "copy")
    assert evidence.local_inliers is not None
    assert evidence.local_inliers >= 8


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_turned_photograph_is_recognised_under_its_transform_and_by_features_alone(transform: str) -> None:
    original = photograph("chelsea.png")
    turned = seen(transform_image(original, transform))
    assert verify_pair(seen(original), turned, transform).decided_by in {"global_structure", "identical_pixels"}
    assert verify_pair(seen(original), turned, UNKNOWN).verdict
    assert verify_pair(turned, seen(original), INVERSE_TRANSFORMS[transform]).verdict


def test_a_crop_is_contained_and_a_screen_frames() -> None:
    original = photograph("coffee.png")
    assert verify_pair(seen(original), seen(crop(original, 0.7)), UNKNOWN).relation == "left_contains_right"
    assert verify_pair(seen(crop(original, 0.7)), seen(original), UNKNOWN).relation == "right_contains_left"
    assert verify_pair(seen(drawings.captioned(original)), seen(original), UNKNOWN).relation == "left_frames_right"


@pytest.mark.parametrize("transform", ["identity", UNKNOWN])
@pytest.mark.parametrize(
    "same_around",
    [np.copy, drawings.with_logo, drawings.captioned, drawings.with_watermark, drawings.in_browser],
    ids=["nothing", "logo", "caption", "watermark", "screen"],
)
def test_different_photographs_do_not_match_even_under_one_logo_caption_watermark_or_screen(
    same_around: Callable[[Picture], Picture], transform: str
) -> None:
    images = [seen(same_around(photograph(name))) for name in PHOTOGRAPHS]
    assert not any_match(images, transform)


@pytest.mark.parametrize("transform", ["identity", UNKNOWN])
@pytest.mark.parametrize(
    "draw",
    [
        drawings.near_black,
        drawings.blank_scan,
        drawings.page,
        drawings.screen,
        drawings.spreadsheet,
        drawings.certificate,
        drawings.bar_chart,
        drawings.icon,
    ],
    ids=lambda draw: draw.__name__,
)
def test_different_pictures_of_little_signal_do_not_match(draw: Callable[[int], Picture], transform: str) -> None:
    assert not any_match([seen(draw(seed)) for seed in range(4)], transform)


@pytest.mark.parametrize("transform", ["identity", UNKNOWN])
def test_different_flat_colours_and_gradients_do_not_match(transform: str) -> None:
    pictures = [drawings.flat(level) for level in (0, 6, 120, 128, 250)]
    pictures += [drawings.gradient(*ends) for ends in ((0, 255), (30, 220), (255, 0), (0, 120))]
    for left, right in combinations(map(seen, pictures), 2):
        assert not verify_pair(left, right, transform).verdict


def test_a_scan_too_dark_to_see_is_no_copy_of_a_black_picture() -> None:
    scan = np.random.default_rng(1).integers(0, 2, (30, 40, 1)).repeat(10, axis=0).repeat(10, axis=1).astype(np.uint8)
    dark = seen(2 * scan.repeat(3, axis=2))
    assert not verify_pair(dark, seen(drawings.flat(0)), "identity").verdict
    assert verify_pair(dark, dark, "identity").verdict


@pytest.mark.parametrize("transform", ["identity", UNKNOWN])
def test_a_figure_in_a_clear_sky_matches_its_edits_and_no_other_figure(transform: str) -> None:
    coffee, cat = (
        np.asarray(cv2.resize(photograph(name), (130, 90), interpolation=cv2.INTER_AREA), np.uint8)
        for name in ("coffee.png", "chelsea.png")
    )
    sky, other = drawings.clear_sky(coffee), drawings.clear_sky(cat)
    for edited in (sky[:, 8:], cv2.resize(sky, (360, 300)), np.clip(sky * 1.2, 0, 255).astype(np.uint8)):
        assert verify_pair(seen(sky), seen(np.ascontiguousarray(edited, np.uint8)), transform).verdict
    assert not verify_pair(seen(sky), seen(other), transform).verdict


@pytest.mark.parametrize("transform", ["identity", UNKNOWN])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_the_two_pictures_of_a_stereo_pair_are_no_copies(transform: str, scale: float) -> None:
    sides = [np.array(load_photograph(f"motorcycle_{side}.png")) for side in ("left", "right")]
    left, right = (
        seen(np.asarray(cv2.resize(side, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8))
        for side in sides
    )
    evidence = verify_pair(left, right, transform)
    assert (evidence.verdict, evidence.decided_by) == (False, "parallax")


@pytest.mark.parametrize("gap_px", [0, 12])
def test_the_panels_of_a_collage_are_no_copies_of_it_nor_of_each_other(gap_px: int) -> None:
    panels = [photograph("coffee.png"), photograph("astronaut.png")]
    between = np.full((480, gap_px, 3), 255, np.uint8)
    collage = seen(np.hstack([panels[0], between, panels[1]]))
    for panel in panels:
        evidence = verify_pair(collage, seen(panel), UNKNOWN)
        assert (evidence.verdict, evidence.decided_by) == (False, "seam")


def test_a_sticker_does_not_recolour_a_gray_photograph() -> None:
    gray = NEAR["gray"](photograph("coffee.png"))
    marked = np.asarray(cv2.circle(gray.copy(), (100, 400), 70, (250, 200, 40), -1, cv2.LINE_AA), np.uint8)
    assert verify_pair(seen(gray), seen(marked), "identity").verdict


def test_a_page_or_screen_cut_at_an_edge_still_matches() -> None:
    for picture in (drawings.spreadsheet(1), drawings.screen(2)):
        for cut in (picture[:-30], picture[20:, 20:]):
            assert verify_pair(seen(picture), seen(np.ascontiguousarray(cut)), "identity").verdict


@pytest.mark.parametrize("quality", [90, 60])
def test_recompressed_pages_screens_flat_colours_and_gradients_match(quality: int) -> None:
    pictures = [
        drawings.page(1),
        drawings.screen(1),
        drawings.spreadsheet(1),
        drawings.flat(120),
        drawings.gradient(30, 220),
    ]
    for picture in pictures:
        assert verify_pair(seen(picture), seen(recompressed(picture, quality)), "identity").verdict


def test_one_shoe_in_other_colours_is_another_product() -> None:
    colours = [(200, 30, 30), (30, 60, 200), (30, 160, 60), (40, 40, 40), (230, 190, 40)]
    for left, right in combinations((seen(drawings.shoe(colour)) for colour in colours), 2):
        assert not verify_pair(left, right, "identity").verdict


@pytest.mark.parametrize("transform", ["identity", UNKNOWN])
@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png"])
def test_a_recoloured_photograph_is_rejected_for_its_colour(name: str, transform: str) -> None:
    original = photograph(name)
    evidence = verify_pair(seen(original), seen(hue_turned(original)), transform)
    assert (evidence.verdict, evidence.decided_by) == (False, "color")


def test_the_ends_of_a_cross_fade_never_match_and_its_neighbours_do() -> None:
    first, last = photograph("coffee.png"), photograph("chelsea.png")
    steps = [seen(np.asarray(cv2.addWeighted(first, 1 - t, last, t, 0), np.uint8)) for t in np.linspace(0, 1, 25)]
    assert all(verify_pair(a, b, "identity").verdict for a, b in pairwise(steps[:5]))
    for transform in ("identity", UNKNOWN):
        assert not any(verify_pair(steps[0], last, transform).verdict for last in steps[-3:])


@pytest.mark.parametrize("edit", [*NEAR, *COPIES])
def test_swapping_the_two_changes_nothing_but_the_sides(edit: str) -> None:
    original = photograph("coffee.png")
    left, right = seen(original), seen((NEAR | COPIES)[edit](original))
    for transform in ("identity", UNKNOWN):
        there, back = verify_pair(left, right, transform), verify_pair(right, left, transform)
        assert (there.overlap_left, there.overlap_right) == (back.overlap_right, back.overlap_left)
        assert (there.fitted_map is None) == (back.fitted_map is None)
        if there.fitted_map and back.fitted_map:
            assert there.fitted_map == pytest.approx(invert_fractions(back.fitted_map), abs=1e-9)
        sides: dict[str, Any] = {"overlap_left": None, "overlap_right": None, "relation": None, "fitted_map": None}
        one, other = (replace(e, **sides) for e in (there, back))
        assert one == other


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_the_fitted_map_says_where_the_left_picture_lies_in_the_right_one(transform: str) -> None:
    original = photograph("coffee.png")
    left, right = seen(original), seen(transform_image(np.ascontiguousarray(original[48:432, 128:576]), transform))
    crop_map = np.array([[640 / 448, 0, -128 / 448], [0, 480 / 384, -48 / 384], [0, 0, 1]])
    wanted = unit_map(transform) @ crop_map
    there, back = verify_pair(left, right, UNKNOWN).fitted_map, verify_pair(right, left, UNKNOWN).fitted_map
    assert there is not None
    assert back is not None
    assert np.abs(np.reshape(there, (2, 3)) - wanted[:2]).max() < 0.02
    assert np.abs(np.reshape(back, (2, 3)) - np.linalg.inv(wanted)[:2]).max() < 0.02


def test_equal_and_plain_pictures_lie_upon_each_other_wholly_and_unrelated_ones_nowhere() -> None:
    image = seen(photograph("coffee.png"))
    assert verify_pair(image, image, "identity").fitted_map == pytest.approx((1, 0, 0, 0, 1, 0))
    plain = seen(drawings.flat(100)), seen(drawings.flat(101))
    assert verify_pair(*plain, "mirror").fitted_map == (-1, 0, 1, 0, 1, 0)
    assert verify_pair(image, seen(photograph("rocket.jpg")), UNKNOWN).fitted_map is None


def test_features_are_found_once_and_only_where_they_are_needed() -> None:
    original = photograph("rocket.jpg")
    left, right = seen(original), seen(crop(original, 0.8))
    verify_pair(left, seen(recompressed(original, 60)), "identity")
    assert left.stored is None
    evidence = verify_pair(left, right, UNKNOWN)
    found = left.stored
    assert verify_pair(left, right, UNKNOWN) == evidence
    assert left.stored is found


def test_a_framed_photograph_is_recognised_by_its_inner_box_without_features() -> None:
    original = photograph("astronaut.png")
    framed = np.pad(original, ((72, 72), (72, 72), (0, 0)))
    box = (72 / 784, 72 / 624, 640 / 784, 480 / 624)
    evidence = verify_pair(seen(original), seen(framed, box), "identity")
    assert (evidence.verdict, evidence.decided_by, evidence.relation) == (True, "global_structure", "right_frames_left")


def test_features_that_fit_loosely_are_corrected_by_the_pixels_and_unrelated_pictures_are_not() -> None:
    coffee, chelsea = (np.asarray(load_photograph(name)) for name in ("coffee.png", "chelsea.png"))
    loose = np.array([[1.02, 0, 3.0], [0, 1.02, -3.0], [0, 0, 1.0]])
    for other, is_copy in ((recompressed(coffee, 70), True), (chelsea, False)):
        pair = Pair(seen(coffee), seen(other), UNKNOWN, DEFAULT_THRESHOLDS)
        assert not judge_overlap(pair, loose, "local_structure", DEFAULT_THRESHOLDS.min_local_agreement).verdict
        fit, evidence = judge_fit(pair, GeometricFit(loose, 8, 12, 0.1, 0.1, 0.0))
        assert evidence.verdict == is_copy
        assert np.allclose(fit.matrix, np.eye(3), atol=0.1) == is_copy


def test_an_unknown_word_for_a_transform_is_refused() -> None:
    image = seen(drawings.icon(1))
    with pytest.raises(KeyError, match="sideways"):
        verify_pair(image, image, "sideways")
