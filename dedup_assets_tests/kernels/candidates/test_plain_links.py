"""Candidates among pictures of next to no signal: against every pair compared one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup_assets.kernels.candidates.hash_classes import HashClasses, classify, hash_records
from dedup_assets.kernels.candidates.near_contents import HashedContents
from dedup_assets.kernels.candidates.plain_links import MAX_DCT_DISTANCE, MAX_MEAN_DIFFERENCE, find_plain_links


def plain_classes(count: int, seed: int, most: int) -> HashClasses:
    """Classes of hashes about three, two in three of low information, with colours of 0 to `most` levels."""
    random = np.random.default_rng(seed)
    middles = random.integers(0, 256, (3, 32)).astype(np.uint8)
    flipped = np.packbits(random.random((count, 256)) < 0.1, axis=1)
    codes = middles[random.integers(0, 3, count)] ^ np.where(random.random((count, 1)) < 0.5, flipped, 0).astype(
        np.uint8
    )
    low = random.random(count) < 2 / 3
    hashes = HashedContents(codes, codes, codes, codes, random.random(count) < 0.2, low)
    return classify(hash_records(hashes, random.integers(0, most + 1, (count, 3)).astype(np.uint8)))[0]


def links_one_by_one(classes: HashClasses) -> set[tuple[int, int]]:
    low, colour, hashes = classes.hashes.low_information, classes.colour.astype(int), classes.hashes
    found = set()
    for one in range(len(classes)):
        for other in range(one + 1, len(classes)):
            alike = int(np.bitwise_count(hashes.dct[one] ^ hashes.dct[other]).sum()) <= MAX_DCT_DISTANCE
            near = np.abs(colour[one] - colour[other]).max() <= MAX_MEAN_DIFFERENCE
            if alike and (low[one] or low[other]) and (near or not (low[one] and low[other])):
                found.add((one, other))
    return found


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 40), st.integers(0, 99), st.sampled_from([4, 20, 255]))
def test_links_are_those_of_comparing_all_pairs(count: int, seed: int, most: int) -> None:
    classes = plain_classes(count, seed, most)
    found = find_plain_links(classes, np.arange(len(classes)))
    assert sorted(map(tuple, found.tolist())) == sorted(links_one_by_one(classes))


def test_links_of_some_are_those_of_all_that_name_them() -> None:
    classes = plain_classes(60, 1, 30)
    some = np.arange(0, len(classes), 4)
    expected = {pair for pair in links_one_by_one(classes) if pair[0] in some or pair[1] in some}
    assert set(map(tuple, find_plain_links(classes, some).tolist())) == expected
    assert expected


def test_ten_thousand_one_coloured_pictures_have_few_links() -> None:
    codes = np.zeros((10_000, 32), np.uint8)
    hashes = HashedContents(codes, codes, codes, codes, np.zeros(10_000, np.bool_), np.ones(10_000, np.bool_))
    colours = np.random.default_rng(2).integers(0, 256, (10_000, 3)).astype(np.uint8)
    classes = classify(hash_records(hashes, colours))[0]
    assert 0 < len(find_plain_links(classes, np.arange(len(classes)))) < 3 * len(classes)
