import json

import pytest

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets.generation_metadata.tools import fooocus

SCHEME = {
    "base_model": "juggernautXL_v8",
    "base_model_hash": "aeb7e9e689",
    "clip_skip": 2,
    "full_prompt": ["cinematic still a red fox", "a red fox, heroic"],
    "guidance_scale": 4,
    "loras": [["fur", 0.5, "abc"], ["snow", 1]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "",
    "prompt": "a red fox",
    "resolution": "(768, 1280)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "6952411511246973023",
    "steps": 30,
}


@pytest.mark.parametrize("carrier", ["parameters", "EXIF:UserComment", "Comment"])
def test_the_scheme_is_read_with_the_prompt_as_typed(carrier: str) -> None:
    carriers = {carrier: json.dumps(SCHEME)}
    assert fooocus.detect(carriers)
    assert fooocus.parse(carriers) == GenerationParameters(
        prompt="a red fox",
        negative_prompt="",
        model="juggernautXL_v8",
        model_hash="aeb7e9e689",
        seed=6952411511246973023,
        steps=30,
        sampler="dpmpp_2m_sde_gpu",
        scheduler="karras",
        guidance=4.0,
        clip_skip=2,
        loras=(Lora("fur", 0.5), Lora("snow", 1.0)),
        width=768,
        height=1280,
        stage="text",
    )


def test_ruined_fooocus_is_read() -> None:
    values = {
        "Prompt": "a fox",
        "Negative": "rain",
        "steps": 30,
        "cfg": 8,
        "seed": 3,
        "base_model_name": "fox",
        "loras": [{"name": "fur", "weight": 0.5}, ["snow", 1], "odd"],
        "software": "RuinedFooocus",
    }
    parameters = fooocus.parse({"parameters": json.dumps(values)})
    assert (parameters.missing, parameters.negative_prompt, parameters.guidance) == ((), "rain", 8.0)
    assert parameters.loras == (Lora("fur", 0.5), Lora("snow", 1.0))


def test_its_infotext_scheme_is_an_infotext() -> None:
    carriers = {"parameters": "a fox\nSteps: 30, Seed: 5, Version: Fooocus v2.5.0", "fooocus_scheme": "a1111"}
    parsed = parse_generation(carriers)
    assert parsed is not None
    assert (parsed.tool, parsed.parameters.seed) == ("AUTOMATIC1111", 5)
