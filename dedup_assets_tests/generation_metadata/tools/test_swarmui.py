import json

import pytest

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.tools import swarmui

VALUES = {
    "prompt": "a red fox",
    "negativeprompt": "",
    "model": "OfficialStableDiffusion/fox.safetensors",
    "seed": 18446744073709551615,
    "variationseed": 5,
    "variationseedstrength": 0.25,
    "steps": 20,
    "cfgscale": 7.0,
    "clipstopatlayer": -2,
    "width": 1024,
    "height": 768,
    "sampler": "euler",
    "scheduler": "karras",
    "loras": ["fur", "snow"],
    "loraweights": ["0.5"],
}
MODELS = [
    {"name": "fur", "param": "loras", "hash": "0x1"},
    {"name": "fox", "param": "model", "hash": "0x31e35c80fc4829d1"},
]


@pytest.mark.parametrize("carrier", ["parameters", "EXIF:UserComment"])
def test_the_object_is_read(carrier: str) -> None:
    carriers = {carrier: json.dumps({"sui_image_params": VALUES, "sui_models": MODELS})}
    assert swarmui.detect(carriers)
    assert swarmui.parse(carriers) == GenerationParameters(
        prompt="a red fox",
        negative_prompt="",
        model="OfficialStableDiffusion/fox.safetensors",
        model_hash="0x31e35c80fc4829d1",
        seed=2**64 - 1,
        subseed=5,
        subseed_strength=0.25,
        steps=20,
        sampler="euler",
        scheduler="karras",
        guidance=7.0,
        clip_skip=2,
        loras=(Lora("fur", 0.5), Lora("snow")),
        width=1024,
        height=768,
        stage="text",
    )


def test_loras_in_one_text_and_a_refining_pass_are_read() -> None:
    values = {**VALUES, "loras": "fur, snow", "loraweights": "0.5, 1", "refinerupscale": 2, "initimagecreativity": 0.4}
    parameters = swarmui.parse({"parameters": json.dumps({"sui_image_params": values})})
    assert parameters.loras == (Lora("fur", 0.5), Lora("snow", 1.0))
    assert (parameters.stage, parameters.denoise, parameters.model_hash) == ("hires", 0.4, None)
