"""Who is near whom by hash, read from rows of `wavelet_groups` in any order and direction."""

import numpy as np
import polars as pl
import pytest

from dedup_assets.resources.collection import Collection
from dedup_assets.stages.pairs.class_links import ClassLinks
from dedup_assets.stages.pairs.contents import pair_up, read_contents
from dedup_assets.stages.pairs.hashed_contents import read_class_index, read_class_names
from dedup_assets.tables import WAVELET_GROUPS
from dedup_assets_tests.described import content_of

RED, LOW, BLUE, GREEN = "shop/red.jpg", "web/red low.jpg", "shop/blue.jpg", "web/green.jpg"


@pytest.fixture
def contents(described: Collection) -> pl.Series:
    return read_contents(described.tables(), ())["file_sha256"]


def write_links(collection: Collection, *links: tuple[str, str, str]) -> None:
    """Rows that link the classes of two paths, as a search would write them."""
    tables = collection.tables()
    contents = read_contents(tables, ())
    names = read_class_names(tables, contents["file_sha256"])
    told = contents.with_columns(pl.Series("class", names)).drop("partition")
    found = contents["file_sha256"].to_list()
    rows = [
        pair_up(told, *(np.array([found.index(content_of(tables, path))]) for path in ends)).with_columns(
            transform=pl.lit(transform)
        )
        for *ends, transform in links
    ]
    columns = {column.name: column.dtype for column in WAVELET_GROUPS.columns}
    filled = pl.concat(rows).with_columns(
        [pl.lit(None, columns[name]).alias(name) for name in ("dct_distance", "wavelet_distance")],
        left_id=pl.int_range(pl.len()), right_id=pl.int_range(pl.len()) + 1,
        same_recipe=pl.lit(False), stands_for_more=pl.lit(True),
    )  # fmt: skip
    tables.rewrite(WAVELET_GROUPS, "shop", filled.select(list(columns)), "made")


def numbers(
    collection: Collection, contents: pl.Series, *pairs: tuple[str, str]
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.array(
        [[contents.to_list().index(content_of(collection.tables(), path)) for path in pair] for pair in pairs]
    )


def test_names_of_classes_are_those_of_the_search(described: Collection, contents: pl.Series) -> None:
    index = read_class_index(described.tables())
    assert (read_class_names(described.tables(), contents) == index.classes.names[index.class_of]).all()


def test_a_link_tells_how_either_content_turns_into_the_other(described: Collection, contents: pl.Series) -> None:
    write_links(described, (RED, BLUE, "rot90"))
    pairs = numbers(described, contents, (RED, BLUE), (BLUE, RED), (RED, RED), (RED, GREEN))
    assert ClassLinks(described.tables(), contents).transforms(pairs).tolist() == [
        "rot90",
        "rot270",
        "identity",
        "unknown",
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_rows_on_two_classes_one_counts_whatever_their_order_and_direction(
    described: Collection, contents: pl.Series, turned: bool
) -> None:
    rows = [(RED, BLUE, "rot90"), (RED, BLUE, "rot180")]
    same = [(BLUE, RED, "rot180"), (BLUE, RED, "rot270")]
    answers = []
    for links in (rows, same):
        tables = described.tables()
        tables.rewrite(WAVELET_GROUPS, "web", WAVELET_GROUPS.empty(), "made")
        for link in links[:: -1 if turned else 1]:
            write_links(described, link)
            part = tables.read(WAVELET_GROUPS, "shop")
            tables.append(tables.commit_of(WAVELET_GROUPS, "web"), WAVELET_GROUPS, part)
        found = ClassLinks(tables, contents)
        one, other = found.transforms(numbers(described, contents, (RED, BLUE), (BLUE, RED))).tolist()
        assert {one, other} in ({"rot90", "rot270"}, {"rot180"})
        answers.append((one, other))
    assert answers[0] == answers[1]


def test_pairs_are_near_where_both_contents_are_there_and_their_classes_linked(
    described: Collection, contents: pl.Series
) -> None:
    write_links(described, (RED, BLUE, "identity"))
    links = ClassLinks(described.tables(), contents)
    red, blue, green = (content_of(described.tables(), path) for path in (RED, BLUE, GREEN))
    pairs = pl.DataFrame({"left_sha256": [blue, red, red], "right_sha256": [red, green, bytes(32)]})
    assert links.are_near(pairs).to_list() == [True, False, False]
    fewer = pl.Series([content for content in contents if content != blue], dtype=pl.Binary)
    assert ClassLinks(described.tables(), fewer).are_near(pairs).to_list() == [False, False, False]


def test_without_contents_nothing_is_near(described: Collection) -> None:
    write_links(described, (RED, BLUE, "identity"))
    links = ClassLinks(described.tables(), pl.Series(dtype=pl.Binary))
    assert links.transforms(np.empty((0, 2), np.int64)).tolist() == []
    assert links.graph.neighbourhoods().tolist() == []
