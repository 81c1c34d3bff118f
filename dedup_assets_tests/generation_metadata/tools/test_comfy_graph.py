import time

import pytest

from dedup_assets.generation_metadata.parameters import MetadataError
from dedup_assets.generation_metadata.tools import comfyui
from dedup_assets.generation_metadata.tools.comfy_graph import MAX_NODES, load_graph
from dedup_assets_tests.generation_metadata.samples import comfy_carriers, comfy_graph


def test_upstream_visits_every_node_once_and_ends_in_cycles() -> None:
    graph = load_graph(
        {
            "a": {"class_type": "X", "inputs": {"one": ["b", 0], "two": ["c", 0]}},
            "b": {"class_type": "X", "inputs": {"one": ["c", 0]}},
            "c": {"class_type": "X", "inputs": {"one": ["a", 0]}},
        }
    )
    visited = [node.node_id for node in graph.upstream(graph.nodes["a"], lambda *_: True)]
    assert visited == ["a", "b", "c"]


def test_links_to_nowhere_and_entries_that_are_no_nodes_are_left_out() -> None:
    graph = load_graph({"a": {"class_type": "X", "inputs": {"one": ["z", 0]}}, "b": 3, "c": {"inputs": {}}})
    assert list(graph.nodes) == ["a"]
    assert list(graph.links(graph.nodes["a"])) == []


def test_too_many_nodes_are_an_error_in_words() -> None:
    with pytest.raises(MetadataError, match="more than 20000 nodes"):
        load_graph({str(number): {} for number in range(MAX_NODES + 1)})


def tangled(width: int, depth: int) -> dict[str, object]:
    """String nodes each of which joins the one before `width` times: the text would have width ** depth parts."""
    graph: dict[str, object] = comfy_graph()
    graph["6"] = {"class_type": "CLIPTextEncode", "inputs": {"text": ["t0", 0]}}
    for level in range(depth):
        inputs = {f"text_{letter}": [f"t{level + 1}", 0] for letter in "abcdefgh"[:width]}
        graph[f"t{level}"] = {"class_type": "Text Concatenate", "inputs": inputs}
    graph[f"t{depth}"] = {"class_type": "Text", "inputs": {"text": "fox" * 1000}}
    return graph


def test_texts_that_double_at_every_node_end_in_bounded_time() -> None:
    start = time.perf_counter()
    for width, depth in ((2, 40), (8, 10), (2, 60)):
        with pytest.raises(MetadataError, match=r"characters|steps"):
            comfyui.parse(comfy_carriers(tangled(width, depth)))
    assert time.perf_counter() - start < 10


def test_thousands_of_samplers_in_a_row_end_in_bounded_time() -> None:
    graph = comfy_graph()
    for number in range(5000):
        latent = ["3" if number == 0 else f"s{number - 1}", 0]
        graph[f"s{number}"] = {"class_type": "KSampler", "inputs": {**graph["3"]["inputs"], "latent_image": latent}}
    graph["8"]["inputs"]["samples"] = ["s4999", 0]
    start = time.perf_counter()
    assert comfyui.parse(comfy_carriers(graph)).seed == 99
    assert time.perf_counter() - start < 10


def test_samplers_in_a_ring_end() -> None:
    graph = comfy_graph(latent_image=["11", 0])
    graph["11"] = {"class_type": "KSampler", "inputs": {**graph["3"]["inputs"], "latent_image": ["3", 0]}}
    assert comfyui.parse(comfy_carriers(graph)).steps == 20
