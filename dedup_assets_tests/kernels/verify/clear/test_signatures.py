"""The cheap test agrees with slow ones, and with the exact fit on copies of every hand."""

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.verify.clear import signatures
from dedup_assets.kernels.verify.clear.signatures import (
    LOOSE_PX,
    MAX_LOG_SCALE_APART,
    ODD_BITS,
    count_bits,
    fit_matches,
    fit_signatures,
    lay_out_matches,
    mutual_matches,
)
from dedup_assets.kernels.verify.exact.geometry import fit_geometry, fit_mirrored_geometry
from dedup_assets.kernels.verify.stored_features import StoredFeatures, find_features, load_features
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, flat

CORNERS = np.array([[[30, 30], [220, 30], [220, 150], [30, 150]]], np.float64)


def photograph(name: str) -> Picture:
    return np.asarray(cv2.resize(np.array(load_photograph(name)), (256, 180), interpolation=cv2.INTER_AREA), np.uint8)


def turned(picture: Picture) -> Picture:
    matrix = cv2.getRotationMatrix2D((128, 90), 25, 1.2)
    return np.asarray(cv2.warpAffine(picture, matrix, (256, 180)), np.uint8)


EDITS: dict[str, Callable[[Picture], Picture]] = {
    "as it is": lambda p: p,
    "turned and enlarged": turned,
    "mirrored": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "mirrored and cropped": lambda p: np.ascontiguousarray(p[20:150, 220:20:-1]),
}


def random_bits(rng: np.random.Generator, count: int) -> NDArray[np.uint64]:
    return rng.integers(0, 2**64, count, np.uint64)


@pytest.mark.parametrize("flipped", [np.uint64(0), ODD_BITS])
def test_mutual_matches_are_those_of_a_table_of_all_distances(flipped: np.uint64) -> None:
    rng = np.random.default_rng(3)
    left = random_bits(rng, 90)
    near = left[rng.permutation(90)[:60]] ^ (np.uint64(1) << rng.integers(0, 64, 60).astype(np.uint64))
    right = np.concatenate([near ^ flipped, random_bits(rng, 40), near[:5] ^ flipped])
    apart = np.array([[int(one ^ other ^ flipped).bit_count() for other in right] for one in left])
    best, back = apart.argmin(axis=1), apart.argmin(axis=0)
    wanted = [(i, j) for i, j in enumerate(best) if back[j] == i and apart[i, j] <= 16]
    found = mutual_matches(left, right, flipped, 16)
    assert list(zip(*(each.tolist() for each in found), strict=True)) == wanted
    assert len(wanted) >= 50


def test_bits_are_counted() -> None:
    words = random_bits(np.random.default_rng(1), 50)
    assert [int(count_bits(word)) for word in words] == [int(word).bit_count() for word in words]


def pictures() -> list[StoredFeatures]:
    one, other = photograph("astronaut.png"), photograph("coffee.png")
    return [find_features(each) for each in (one, other, flat(90), *(edit(one) for edit in EDITS.values()))]


def test_compiled_loops_do_what_their_lines_say() -> None:
    first, *rest = pictures()
    for other in rest:
        rows, others = mutual_matches(first.bits, other.bits, np.uint64(0), 16)
        laid = rows, others, first.places, first.shapes, other.places, other.shapes, first.size[0], False
        matches = lay_out_matches(*laid)
        assert np.allclose(lay_out_matches.plain(*laid), matches)
        assert signatures._most_votes.plain(matches) == signatures._most_votes(matches)
        votes, strays, affine = fit_matches(matches)
        slow_votes, slow_strays, slow_affine = fit_matches.plain(matches)
        assert votes == slow_votes
        assert np.allclose([strays], [slow_strays], equal_nan=True)
        assert np.allclose(affine, slow_affine, atol=1e-6)


def test_the_similarity_with_most_votes_is_that_of_a_slow_search() -> None:
    rng = np.random.default_rng(7)
    matches = np.column_stack([rng.random((60, 4)) * 200, rng.random(60) * 6, rng.random(60) - 0.5])
    matches[:25, 2:4], matches[:25, 4:] = matches[:25, :2] * 1.1 + 7 + rng.normal(size=(25, 2)), (0.0, math.log(1.1))

    def votes_for(one: NDArray[np.float64]) -> int:
        turn = math.exp(one[5]) * np.exp(1j * one[4])
        off = turn * ((matches[:, 0] - one[0]) + 1j * (matches[:, 1] - one[1])) + complex(one[2], one[3])
        near = abs(off - (matches[:, 2] + 1j * matches[:, 3])) <= LOOSE_PX * max(1, math.exp(one[5]))
        return int((near & (abs(matches[:, 5] - one[5]) < MAX_LOG_SCALE_APART)).sum())

    votes = [votes_for(one) for one in matches]
    assert signatures._most_votes(matches) == (max(votes), votes.index(max(votes)))
    assert fit_matches(matches)[0] >= 20


@pytest.mark.parametrize("edit", EDITS)
def test_the_cheap_map_is_that_of_the_exact_fit(edit: str) -> None:
    original = photograph("astronaut.png")
    left, right = find_features(original), find_features(EDITS[edit](original))
    found = fit_signatures(left, right)
    exact = (fit_mirrored_geometry if found.mirrored else fit_geometry)(load_features(left), load_features(right))
    assert found.mirrored == edit.startswith("mirrored")
    assert exact is not None
    there = [cv2.perspectiveTransform(CORNERS, matrix) for matrix in (found.matrix, exact.matrix)]
    assert np.abs(there[0] - there[1]).max() < 3
    assert found.votes >= 20
    assert found.strays < 0.3


def test_other_pictures_share_few_signatures_and_flat_ones_none() -> None:
    one, other, blank = (
        find_features(each) for each in (photograph("astronaut.png"), photograph("coffee.png"), flat(9))
    )
    assert fit_signatures(one, other).votes < 8
    assert fit_signatures(one, blank).votes == 0
    assert not fit_signatures(one, blank).matrix[:2].any()
