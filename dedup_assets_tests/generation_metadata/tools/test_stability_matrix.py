import json

from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets.generation_metadata.tools import stability_matrix
from dedup_assets_tests.generation_metadata.samples import INFOTEXT, comfy_carriers, comfy_graph

VALUES = {
    "PositivePrompt": "a fox <lora:fur:0.8>",
    "NegativePrompt": "rain",
    "Width": 512,
    "Height": 768,
    "Seed": 2**64 - 1,
    "Steps": 25,
    "CfgScale": 7,
    "Sampler": "DPM++ 2M",
    "ModelName": "fox.safetensors",
    "ModelHash": "abc123",
}


def test_prompt_and_model_are_the_objects_and_the_rest_is_the_graphs() -> None:
    carriers = {"parameters-json": json.dumps(VALUES), "parameters": INFOTEXT, **comfy_carriers(comfy_graph())}
    parsed = parse_generation(carriers)
    assert parsed is not None
    parameters = parsed.parameters
    assert (parsed.tool, parsed.parameters.missing, parameters.prompt) == (
        "Stability Matrix",
        (),
        "a fox <lora:fur:0.8>",
    )
    assert (parameters.model, parameters.model_hash) == ("fox.safetensors", "abc123")
    assert (parameters.seed, parameters.steps, parameters.sampler) == (99, 20, "euler")


def test_without_a_graph_the_object_tells_all() -> None:
    parameters = stability_matrix.parse({"parameters-json": json.dumps(VALUES)})
    assert parameters.missing == ()
    assert (parameters.seed, parameters.guidance, parameters.width) == (2**64 - 1, 7.0, 512)


def test_other_objects_under_its_name_are_not_detected() -> None:
    assert not stability_matrix.detect({"parameters-json": '{"prompt": "a fox"}'})
