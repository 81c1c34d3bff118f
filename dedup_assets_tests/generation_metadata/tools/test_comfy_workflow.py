import json
from typing import Any

import pytest

from dedup_assets.generation_metadata.parameters import MetadataError
from dedup_assets.generation_metadata.tools import comfyui
from dedup_assets.generation_metadata.tools.comfy_workflow import load_workflow


def node(node_id: int, kind: str, values: list[object], mode: int = 0, **links: int) -> dict[str, Any]:
    inputs = [{"name": name, "link": link} for name, link in links.items()]
    return {"id": node_id, "type": kind, "mode": mode, "inputs": inputs, "widgets_values": values}


def workflow() -> dict[str, Any]:
    """The default graph as the UI stores it, the model passing a reroute and a bypassed LoRA."""
    return {
        "nodes": [
            node(
                3,
                "KSampler",
                [99, "randomize", 20, 8, "euler", "karras", 1],
                model=11,
                positive=2,
                negative=3,
                latent_image=4,
            ),
            node(4, "CheckpointLoaderSimple", ["fox.safetensors"]),
            node(5, "EmptyLatentImage", [1024, 768, 4]),
            node(6, "CLIPTextEncode", ["a red fox"]),
            node(7, "CLIPTextEncode", ["blurry"]),
            node(8, "VAEDecode", [], samples=5),
            node(9, "SaveImage", ["fox"], images=6),
            node(10, "Reroute", [], **{"": 1}),
            node(11, "LoraLoader", ["off.safetensors", 1, 1], mode=4, model=10),
            node(12, "SaveImage", ["muted"], mode=2, images=6),
        ],
        "links": [
            [1, 4, 0, 10, 0, "MODEL"],
            [2, 6, 0, 3, 1],
            [3, 7, 0, 3, 2],
            [4, 5, 0, 3, 3],
            [5, 3, 0, 8, 0],
            [6, 8, 0, 9, 0],
            [10, 10, 0, 11, 0, "MODEL"],
            [11, 11, 0, 3, 0, "MODEL"],
        ],
    }


def test_a_workflow_without_an_api_graph_is_read() -> None:
    parameters = comfyui.parse({"workflow": json.dumps(workflow())})
    assert (parameters.prompt, parameters.negative_prompt) == ("a red fox", "blurry")
    assert (parameters.seed, parameters.steps, parameters.model) == (99, 20, "fox.safetensors")
    assert (parameters.loras, parameters.width, parameters.stage) == ((), 1024, "text")


def test_links_written_as_objects_are_read() -> None:
    values = workflow()
    values["links"] = [{"id": row[0], "origin_id": row[1], "origin_slot": row[2]} for row in values["links"]]
    assert comfyui.parse({"workflow": json.dumps(values)}).missing == ()


def test_samplers_of_extensions_are_read_around_their_seed_control() -> None:
    values = workflow()
    values["nodes"][0].update(
        type="KSampler (Efficient)", widgets_values=["Sample", 13, 99, True, 12, 8, "euler", "karras", 1]
    )
    parameters = comfyui.parse({"workflow": json.dumps(values)})
    assert (parameters.seed, parameters.steps, parameters.sampler) == (99, 12, "euler")


def test_the_api_graph_wins_over_the_workflow() -> None:
    graph = {"1": {"class_type": "SaveImage", "inputs": {}}}
    assert comfyui.parse({"prompt": json.dumps(graph), "workflow": json.dumps(workflow())}).seed is None


@pytest.mark.parametrize("values", [{}, {"nodes": 3}, {"nodes": [{}] * 20_001}])
def test_what_is_no_workflow_is_an_error_in_words(values: dict[str, object]) -> None:
    with pytest.raises(MetadataError, match="no list of at most 20000 nodes"):
        load_workflow(values)


def test_reroutes_in_a_ring_end() -> None:
    values = {
        "nodes": [node(1, "Reroute", [], a=2), node(2, "Reroute", [], a=1)],
        "links": [[1, 1, 0, 2, 0], [2, 2, 0, 1, 0]],
    }
    assert load_workflow(values).nodes == {}


def test_a_model_set_under_a_name_is_found_where_it_is_got() -> None:
    values = workflow()
    values["nodes"][7] = node(10, "SetNode", ["MODEL"], **{"MODEL": 1})
    values["nodes"].append(node(13, "GetNode", ["MODEL"]))
    values["links"][6] = [10, 13, 0, 11, 0, "MODEL"]
    parameters = comfyui.parse({"workflow": json.dumps(values)})
    assert (parameters.model, parameters.missing) == ("fox.safetensors", ())
