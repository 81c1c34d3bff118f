"""Contents as nodes and verified pairs as edges, by hand."""

from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.stages.grouping.content_graph import ContentGraph, find_pairs, rank_contents


def sha(letter: str) -> bytes:
    return letter.encode() * 32


def images_of(contents: str) -> pl.DataFrame:
    """One image a letter, which is its content; ids count from one."""
    return pl.DataFrame(
        {"image_id": range(1, len(contents) + 1), "file_sha256": [sha(letter) for letter in contents]},
        schema={"image_id": pl.Int64, "file_sha256": pl.Binary},
    )


def passed(*pairs: str) -> pl.DataFrame:
    rows = [(sha(pair[0]), sha(pair[1]), "near", "global_structure") for pair in pairs]
    schema = {"left_sha256": pl.Binary, "right_sha256": pl.Binary, "level": pl.String, "decided_by": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_a_graph_has_a_node_for_each_content_and_an_edge_for_each_pair_that_is_there() -> None:
    graph = ContentGraph.build(images_of("cabac"), passed("ab", "bc", "ax"))
    assert graph.contents.to_list() == [sha("a"), sha("b"), sha("c")]
    assert graph.node_of_image.tolist() == [2, 0, 1, 0, 2]
    assert sorted(map(tuple, graph.edges.tolist())) == [(0, 1), (1, 2)]


def test_images_are_ranked_against_those_of_their_own_component() -> None:
    graph = ContentGraph.build(images_of("cabadc"), passed("ac"))
    component = graph.components[graph.node_of_image]
    assert component[0] == component[1] == component[3] == component[5]
    assert len({component[0], component[2], component[4]}) == 3


def test_without_pairs_every_content_is_a_component() -> None:
    graph = ContentGraph.build(images_of("aba"), passed())
    assert graph.edges.shape == (0, 2)
    assert graph.components.tolist() == [0, 1]


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_contents_are_ranked_by_their_best_image(letters: list[str], random: Any) -> None:
    place = list(range(len(letters)))
    random.shuffle(place)
    graph = ContentGraph.build(images_of("".join(letters)), passed())
    rank = rank_contents(graph, np.array(place))
    best = {letter: min(at for at, other in zip(place, letters, strict=True) if other == letter) for letter in letters}
    assert [sorted(best, key=best.__getitem__).index(letter) for letter in sorted(best)] == rank.tolist()


def test_a_pair_is_found_from_either_end_and_first_where_it_begins_with_the_one_that_is_asked_for() -> None:
    graph, pairs = ContentGraph.build(images_of("abcd"), passed()), passed("xb", "ba", "ab", "ac", "ab")
    one, other = np.array([0, 1, 2, 0, 1, 3]), np.array([1, 0, 0, 2, 2, 3])
    assert find_pairs(graph, one, other, pairs).to_list() == [2, 1, 3, 3, None, None]
    assert find_pairs(graph, one, other, pairs.clear()).to_list() == [None] * 6
