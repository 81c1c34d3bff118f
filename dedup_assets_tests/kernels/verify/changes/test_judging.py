"""A thing that one picture shows and the other does not keeps them apart; marks, tone, noise and compression do not."""

from collections.abc import Callable
from itertools import combinations

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify.cascade import UNKNOWN, verify_pair
from dedup_assets.kernels.verify.changes.comparing import compare_exactly
from dedup_assets.kernels.verify.thresholds import VerificationThresholds
from dedup_assets_tests.kernels.verify import drawings
from dedup_assets_tests.kernels.verify.changes import scenes
from dedup_assets_tests.kernels.verify.changes.scenes import NAMES, photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed, seen

Edit = Callable[[Picture], Picture]

CHANGES: dict[str, tuple[Edit, Edit]] = {
    "a thing came": (np.copy, lambda p: scenes.with_thing(p, (200, 200))),
    "a thing came, noise and compression too": (
        np.copy,
        lambda p: recompressed(noisy(scenes.with_thing(p, (200, 200))), 40),
    ),
    "a thing moved": (lambda p: scenes.with_thing(p, (120, 120)), lambda p: scenes.with_thing(p, (430, 330))),
    "a tenth painted over": (np.copy, lambda p: scenes.without_thing(p, (330, 230), 100)),
    "another code": (lambda p: scenes.with_code(p, "ticket 10007"), lambda p: scenes.with_code(p, "ticket 17926")),
    "another caption": (
        lambda p: scenes.written(p, "ONE DOES NOT SLEEP"),
        lambda p: scenes.written(p, "ONE DOES NOT WALK"),
    ),
    "another number": (
        lambda p: scenes.written(p, "10", (0.45, 0.5), 0.25),
        lambda p: scenes.written(p, "47", (0.45, 0.5), 0.25),
    ),
}
MARKS: dict[str, Edit] = {
    "captioned": lambda p: scenes.written(p, "ONE DOES NOT SLEEP"),
    "dated": lambda p: scenes.written(p, "2025-06-01", (0.85, 0.96), 0.04),
    "under a watermark": drawings.with_watermark,
    "under a sticker": scenes.with_sticker,
    "under a logo": drawings.with_logo,
    "with a bar of words": drawings.captioned,
    "with a code": lambda p: scenes.written(p, "A 10007", (0.2, 0.1), 0.08),
}
SAME: dict[str, Edit] = {
    "recompressed at quality 12": lambda p: recompressed(p, 12),
    "noisy": lambda p: recompressed(noisy(p), 75),
    "blurred": lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 2), np.uint8),
    "sharpened": lambda p: np.asarray(cv2.addWeighted(p, 1.8, cv2.GaussianBlur(p, (0, 0), 2), -0.8, 0), np.uint8),
    "a quarter of its size": lambda p: np.asarray(cv2.resize(p, (160, 120), interpolation=cv2.INTER_AREA), np.uint8),
    "gamma": lambda p: (255 * (p / 255.0) ** 1.6).astype(np.uint8),
    "clipped": lambda p: np.clip(p * 1.3 + 6, 0, 255).astype(np.uint8),
    "gray": lambda p: p.mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8),
    "in fog": lambda p: (p * 0.5 + 100).astype(np.uint8),
    "darker to its corners": lambda p: darkened_corners(p),
    "tilted by a degree": lambda p: np.asarray(
        cv2.warpAffine(p, cv2.getRotationMatrix2D((320, 240), 1, 1), (640, 480), borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    ),
    "cropped": lambda p: np.ascontiguousarray(p[30:460, 20:600]),
}
PAWNS = {(x, 1): "p" for x in range(8)} | {(x, 6): "P" for x in range(8)}


def noisy(picture: Picture) -> Picture:
    noise = np.random.default_rng(1).normal(0, 9, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def darkened_corners(picture: Picture) -> Picture:
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    return np.asarray(picture * (1 - 0.3 * (x * x + y * y))[..., None], np.uint8)


def on_black(picture: Picture) -> Picture:
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    return np.asarray(picture * ((x / 0.8) ** 2 + (y / 0.7) ** 2 < 1)[..., None], np.uint8)


@pytest.mark.parametrize("transform", ["identity", UNKNOWN])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", CHANGES)
def test_what_only_one_of_two_photographs_shows_keeps_them_apart(change: str, name: str, transform: str) -> None:
    one, other = (edit(photograph(name)) for edit in CHANGES[change])
    evidence = verify_pair(seen(one), seen(other), transform)
    assert (evidence.verdict, evidence.level) == (False, None)
    assert evidence.decided_by == "changed"
    assert 0.0015 < (evidence.changed_share or 0) < 0.2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("edit", [*MARKS, *SAME])
def test_marks_tone_noise_and_compression_leave_a_photograph_what_it_is(edit: str, name: str) -> None:
    original = photograph(name)
    evidence = verify_pair(seen(original), seen((MARKS | SAME)[edit](original)), UNKNOWN)
    assert evidence.verdict, evidence
    assert evidence.changed_share == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("edit", [*CHANGES, *MARKS, *SAME])
def test_what_is_looked_at_no_more_closely_would_have_passed(edit: str, name: str) -> None:
    before, after = CHANGES.get(edit) or (np.copy, (MARKS | SAME)[edit])
    left, right = (seen(each(photograph(name))) for each in (before, after))
    for dx in (0.0, 1.5):
        matrix = np.array([[1.0, 0, dx], [0, 1, -dx / 2], [0, 0, 1]])
        quick, exact = (compare_exactly(left, right, matrix, True, most) for most in (0.65, -1.0))
        assert quick is not None
        assert exact is not None
        assert quick.differs.any() == exact.differs.any()
        assert (quick.blended > 0.65) == (exact.blended > 0.65)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "edit", ["dated", "under a watermark", "under a sticker", "recompressed at quality 12", "on its side"]
)
def test_a_thing_photographed_on_black_is_no_drawing(edit: str, name: str) -> None:
    original = on_black(photograph(name))
    edits = MARKS | SAME | {"on its side": lambda p: np.ascontiguousarray(np.rot90(p))}
    evidence = verify_pair(seen(original), seen(edits[edit](original)), UNKNOWN)
    assert evidence.verdict, evidence
    assert (evidence.plain_share or 0) > 0.33


def test_positions_on_a_board_are_told_apart_and_one_compressed_board_is_one() -> None:
    moved = {**PAWNS, (4, 4): "P"}
    del moved[4, 6]
    fewer = {at: piece for at, piece in PAWNS.items() if at != (2, 1)}
    positions = [seen(scenes.board(pieces)) for pieces in (PAWNS, moved, fewer)]
    for one, other in combinations(positions, 2):
        assert not verify_pair(one, other, "identity").verdict
        assert not verify_pair(one, other, UNKNOWN).verdict
    assert verify_pair(positions[0], seen(recompressed(scenes.board(PAWNS), 50)), "identity").verdict


def test_a_lesion_is_a_finding_and_other_noise_is_none() -> None:
    healthy, again = seen(scenes.slice_()), seen(recompressed(scenes.slice_(seed=1), 60))
    for spot in ((300, 450, 26), (200, 450, 22)):
        assert verify_pair(healthy, seen(scenes.slice_(spot, seed=2)), "identity").decided_by == "changed"
    assert verify_pair(healthy, again, "identity").verdict


def test_a_bar_that_grew_is_another_chart() -> None:
    one, other = scenes.bars((200, 300, 150, 350, 280, 90)), scenes.bars((200, 300, 240, 350, 280, 90))
    assert not verify_pair(seen(one), seen(other), "identity").verdict
    assert verify_pair(seen(one), seen(recompressed(one, 60)), "identity").verdict


@pytest.mark.parametrize("name", ["astronaut.png", "motorcycle_left.png"])
def test_a_fifth_of_a_fade_from_its_middle_shows_another_picture_through(name: str) -> None:
    first, last = photograph(name), photograph("coffee.png")
    steps = [seen(scenes.faded(first, last, share)) for share in (0.4, 0.44, 0.6)]
    assert verify_pair(steps[0], steps[1], "identity").verdict
    assert verify_pair(steps[0], steps[2], "identity").decided_by in {"blended", "changed"}


def test_a_person_may_let_changes_pass() -> None:
    one, other = photograph("coffee.png"), scenes.with_thing(photograph("coffee.png"), (200, 200))
    lenient = VerificationThresholds(max_changed_share=1.0)
    assert verify_pair(seen(one), seen(other), "identity", lenient).verdict


@pytest.mark.parametrize("change", ["a thing came", "another code"])
def test_swapping_the_two_changes_nothing(change: str) -> None:
    one, other = (seen(edit(photograph("coffee.png"))) for edit in CHANGES[change])
    there, back = verify_pair(one, other, UNKNOWN), verify_pair(other, one, UNKNOWN)
    assert (there.verdict, there.changed_share, there.blended_share) == (
        back.verdict,
        back.changed_share,
        back.blended_share,
    )
