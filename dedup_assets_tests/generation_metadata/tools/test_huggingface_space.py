import json
from typing import Any

import pytest

from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets.generation_metadata.tools import huggingface_space

VALUES: dict[str, Any] = {
    "prompt": "a red fox",
    "negative_prompt": "rain",
    "resolution": "832 x 1216",
    "guidance_scale": 5,
    "num_inference_steps": 28,
    "style_preset": "(None)",
    "seed": 1963112461,
    "sampler": "Euler a",
    "use_upscaler": None,
    "Model": "Fox XL 3.1",
    "Model hash": "e3c47aedb0",
}


@pytest.mark.parametrize("carrier", ["parameters", "EXIF:UserComment"])
def test_the_object_is_read_and_no_other_tool_claims_it(carrier: str) -> None:
    parsed = parse_generation({carrier: json.dumps(VALUES)})
    assert parsed is not None
    assert (parsed.tool, parsed.parameters.missing) == ("Hugging Face Space", ())
    assert parsed.parameters == GenerationParameters(
        prompt="a red fox",
        negative_prompt="rain",
        model="Fox XL 3.1",
        model_hash="e3c47aedb0",
        seed=1963112461,
        steps=28,
        sampler="Euler a",
        guidance=5.0,
        width=832,
        height=1216,
        stage="text",
    )


def test_an_upscaler_is_a_second_pass() -> None:
    upscaled = {**VALUES, "use_upscaler": {"upscale_by": 1.5, "new_resolution": "1248 x 1824"}}
    parameters = huggingface_space.parse({"parameters": json.dumps(upscaled)})
    assert (parameters.stage, parameters.first_pass_width, parameters.first_pass_height) == ("hires", 832, 1216)
