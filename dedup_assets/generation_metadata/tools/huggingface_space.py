"""Hugging Face Spaces built on diffusers (Animagine and its kin): an object under `parameters` or in the UserComment.

Belongs here: this object. Does not: the objects of Fooocus and Easy Diffusion, which share some of its keys.
"""

from collections.abc import Mapping

from dedup_assets.generation_metadata.json_carriers import EXIF_CARRIERS, find_object
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.values import load_object, to_count, to_float, to_name, to_seed, to_size, to_text

NAME = "Hugging Face Space"
CARRIERS = ("parameters", *EXIF_CARRIERS, "Comment")
SIGNS = ('"num_inference_steps"',)


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether a carrier holds the object, known by its steps, size and model together."""
    text = find_object(carriers, CARRIERS, SIGNS) or ""
    return '"resolution"' in text and '"Model"' in text


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read the object; `resolution` is the size before `use_upscaler`."""
    values = load_object(find_object(carriers, CARRIERS, SIGNS) or "")
    width, height = to_size(values.get("resolution"))
    is_upscaled = isinstance(values.get("use_upscaler"), dict)
    return GenerationParameters(
        prompt=to_text(values.get("prompt")),
        negative_prompt=to_text(values.get("negative_prompt")),
        model=to_name(values.get("Model")),
        model_hash=to_name(values.get("Model hash")),
        seed=to_seed(values.get("seed")),
        steps=to_count(values.get("num_inference_steps")),
        sampler=to_name(values.get("sampler")),
        guidance=to_float(values.get("guidance_scale")),
        width=width,
        height=height,
        first_pass_width=width if is_upscaled else None,
        first_pass_height=height if is_upscaled else None,
        stage="hires" if is_upscaled else "text",
    )
