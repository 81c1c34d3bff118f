from typing import Any

import pytest

from dedup_assets.generation_metadata.tools import comfyui
from dedup_assets.generation_metadata.tools.comfy_graph import load_graph
from dedup_assets_tests.generation_metadata.samples import comfy_carriers, comfy_graph

TYPED = {"class_type": "PrimitiveString", "inputs": {"value": "a blue bird"}}
OTHER = {"class_type": "PrimitiveString", "inputs": {"value": "not this"}}
RUNTIME = {"class_type": "TextGenerate", "inputs": {"prompt": ["o", 0]}}


def boolean_switch(condition: object, on_true: object, on_false: object) -> dict[str, Any]:
    return {
        "class_type": "ComfySwitchNode",
        "inputs": {"switch": condition, "on_true": on_true, "on_false": on_false},
    }


@pytest.mark.parametrize(
    "switch",
    [
        boolean_switch(True, ["t", 0], ["o", 0]),
        boolean_switch(False, ["o", 0], ["t", 0]),
        boolean_switch(["yes", 0], ["t", 0], ["o", 0]),
        boolean_switch(["no", 0], "not this", "a blue bird"),
        boolean_switch(True, ["llm", 0], ["t", 0]),
        boolean_switch(True, None, ["t", 0]),
        {"class_type": "PreviewAny", "inputs": {"source": ["t", 0]}},
        {"class_type": "ImpactSwitch", "inputs": {"select": 2, "input1": ["o", 0], "input2": ["t", 0]}},
        {"class_type": "Any Switch (rgthree)", "inputs": {"any_01": ["gone", 0], "any_02": ["t", 0]}},
        {"class_type": "ImpactConditionalBranch", "inputs": {"cond": False, "tt_value": "no", "ff_value": ["t", 0]}},
    ],
)
def test_the_text_that_a_switch_passes_on_is_the_prompt(switch: dict[str, Any]) -> None:
    graph = comfy_graph()
    graph["6"]["inputs"]["text"] = ["s", 0]
    constants = {
        "yes": {"class_type": "PrimitiveBoolean", "inputs": {"value": True}},
        "no": {"class_type": "PrimitiveBoolean", "inputs": {"value": False}},
    }
    nodes = {**graph, **constants, "s": switch, "t": TYPED, "o": OTHER, "llm": RUNTIME}
    assert comfyui.parse(comfy_carriers(nodes)).prompt == "a blue bird"


def test_a_text_that_a_language_model_makes_while_the_graph_runs_is_not_known() -> None:
    graph = comfy_graph()
    graph["6"]["inputs"]["text"] = ["llm", 0]
    assert comfyui.parse(comfy_carriers({**graph, "llm": RUNTIME, "o": OTHER})).prompt is None


def test_models_and_latents_pass_switches_too() -> None:
    graph = comfy_graph(model=["s", 0])
    graph["s"] = boolean_switch(False, ["gone", 0], ["4", 0])
    assert comfyui.parse(comfy_carriers(graph)).model == "sdxl/fox.safetensors"


def test_a_ring_of_switches_ends() -> None:
    ring = {"a": boolean_switch(True, ["b", 0], 1), "b": boolean_switch(True, ["a", 0], 1)}
    assert load_graph({**ring, "c": {"class_type": "X", "inputs": {"one": ["a", 0]}}}).nodes["c"].inputs["one"]
