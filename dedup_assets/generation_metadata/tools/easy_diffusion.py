"""Easy Diffusion (cmdr2): one PNG text a setting, or all of them as one object in the EXIF UserComment.

Belongs here: its keys, in the raw and in the labelled spelling. Does not: other tools that write a plain `prompt` text.
"""

from collections.abc import Mapping

from dedup_assets.generation_metadata.json_carriers import EXIF_CARRIERS, find_object
from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.values import (
    first_of,
    load_object,
    to_count,
    to_float,
    to_name,
    to_seed,
    to_text,
)

NAME = "Easy Diffusion"
KEYS = ("use_stable_diffusion_model", "num_inference_steps", "Stable Diffusion model")
SIGNS = tuple(f'"{key}"' for key in KEYS)


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether one of the keys that no other tool writes is there."""
    return any(key in carriers for key in KEYS) or find_object(carriers, EXIF_CARRIERS, SIGNS) is not None


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read the settings; `prompt_strength` counts only with an image to start from."""
    text = find_object(carriers, EXIF_CARRIERS, SIGNS)
    values: dict[str, object] = dict(carriers) if text is None else load_object(text)
    strength = to_float(first_of(values, "prompt_strength", "Prompt Strength"))
    return GenerationParameters(
        prompt=to_text(first_of(values, "prompt", "Prompt")),
        negative_prompt=to_text(first_of(values, "negative_prompt", "Negative Prompt")),
        model=to_name(first_of(values, "use_stable_diffusion_model", "Stable Diffusion model")),
        seed=to_seed(first_of(values, "seed", "Seed")),
        steps=to_count(first_of(values, "num_inference_steps", "Steps")),
        sampler=to_name(first_of(values, "sampler_name", "Sampler")),
        scheduler=to_name(first_of(values, "scheduler_name", "Scheduler")),
        guidance=to_float(first_of(values, "guidance_scale", "Guidance Scale")),
        distilled_guidance=to_float(values.get("distilled_guidance_scale")),
        clip_skip=_clip_skip(first_of(values, "clip_skip", "Clip Skip")),
        loras=_loras(first_of(values, "use_lora_model", "LoRA model"), first_of(values, "lora_alpha", "LoRA Strength")),
        denoise=strength,
        width=to_count(first_of(values, "width", "Width")),
        height=to_count(first_of(values, "height", "Height")),
        stage="text" if strength is None else "image",
    )


def _clip_skip(value: object) -> int | None:
    """Return 2 or 1: Easy Diffusion only switches the last layer off or not."""
    switched = {True: 2, "True": 2, "true": 2, False: 1, "False": 1, "false": 1}
    return switched.get(value) if isinstance(value, (bool, str)) else None


def _loras(names: object, weights: object) -> tuple[Lora, ...]:
    """Return the LoRAs of one name, or of lists of names and weights."""
    name_list = names if isinstance(names, list) else [names]
    weight_list = [*(weights if isinstance(weights, list) else [weights]), *[None] * len(name_list)]
    pairs = zip(name_list, weight_list, strict=False)
    return tuple(Lora(name, to_float(weight)) for name, weight in pairs if to_name(name) not in (None, "None"))
