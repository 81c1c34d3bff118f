import json

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets.generation_metadata.tools import tensorart
from dedup_assets_tests.generation_metadata.samples import comfy_carriers, comfy_graph

DATA = {
    "models": [
        {"type": "BASE_MODEL", "modelFileName": "fox_v1", "hash": "A5F58EB1C3"},
        {"type": "LORA", "modelFileName": "fur", "weight": 0.8},
    ],
    "prompt": "a fox as typed",
    "negativePrompt": "rain",
    "baseModel": {"modelFileName": "fox_v1", "hash": "A5F58EB1C3"},
    "seed": "-1",
    "steps": 25,
    "samplerName": "Euler a",
    "cfgScale": 7,
    "clipSkip": 2,
    "width": 512,
    "height": 768,
}


def test_prompt_and_model_are_the_objects_and_the_seed_is_the_graphs() -> None:
    parsed = parse_generation({"generation_data": json.dumps(DATA), **comfy_carriers(comfy_graph())})
    assert parsed is not None
    parameters = parsed.parameters
    assert (parsed.tool, parsed.parameters.missing) == ("Tensor.Art", ())
    assert (parameters.prompt, parameters.negative_prompt) == ("a fox as typed", "rain")
    assert (parameters.model, parameters.model_hash, parameters.loras) == (
        "fox_v1",
        "A5F58EB1C3",
        (Lora("fur", 0.8),),
    )
    assert (parameters.seed, parameters.steps, parameters.sampler, parameters.clip_skip) == (99, 20, "euler", 2)


def test_without_a_graph_the_object_tells_all() -> None:
    assert tensorart.parse({"generation_data": json.dumps({**DATA, "seed": "3036459311"})}) == GenerationParameters(
        prompt="a fox as typed",
        negative_prompt="rain",
        model="fox_v1",
        model_hash="A5F58EB1C3",
        seed=3036459311,
        steps=25,
        sampler="Euler a",
        guidance=7.0,
        clip_skip=2,
        loras=(Lora("fur", 0.8),),
        width=512,
        height=768,
    )


def test_other_texts_under_its_name_are_not_detected() -> None:
    assert not tensorart.detect({"generation_data": "none"})
