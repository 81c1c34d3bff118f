import json

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets.generation_metadata.tools import easy_diffusion

TEXTS = {
    "prompt": "a red fox",
    "negative_prompt": "rain",
    "seed": "42",
    "use_stable_diffusion_model": "models/fox.safetensors",
    "num_inference_steps": "25",
    "guidance_scale": "7.5",
    "sampler_name": "euler_a",
    "width": "512",
    "height": "768",
    "clip_skip": "True",
    "use_lora_model": "fur",
    "lora_alpha": "0.5",
}
EXPECTED = GenerationParameters(
    prompt="a red fox",
    negative_prompt="rain",
    model="models/fox.safetensors",
    seed=42,
    steps=25,
    sampler="euler_a",
    guidance=7.5,
    clip_skip=2,
    loras=(Lora("fur", 0.5),),
    width=512,
    height=768,
    stage="text",
)


def test_png_texts_are_read_and_no_other_tool_claims_them() -> None:
    parsed = parse_generation(TEXTS)
    assert parsed is not None
    assert (parsed.tool, parsed.parameters) == ("Easy Diffusion", EXPECTED)


def test_one_object_is_read() -> None:
    values = {**TEXTS, "seed": 42, "clip_skip": True, "use_lora_model": ["fur"], "lora_alpha": [0.5]}
    carriers = {"EXIF:UserComment": json.dumps(values)}
    assert easy_diffusion.detect(carriers)
    assert easy_diffusion.parse(carriers) == EXPECTED


def test_labels_are_read_and_an_image_strength_tells_the_stage() -> None:
    labels = {"Prompt": "a fox", "Seed": "3", "Steps": "9", "Stable Diffusion model": "fox", "Prompt Strength": "0.8"}
    parameters = easy_diffusion.parse(labels)
    assert (parameters.missing, parameters.denoise, parameters.stage) == ((), 0.8, "image")
