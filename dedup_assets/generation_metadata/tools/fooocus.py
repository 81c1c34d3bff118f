"""Fooocus and RuinedFooocus: a JSON object under `parameters` (PNG) or in the EXIF UserComment (JPEG, WebP).

The prompt is what the person typed (`prompt`), not what styles and expansion made of it (`full_prompt`).

Belongs here: Fooocus' own scheme. Does not: its `a1111` scheme, which is an infotext (`automatic1111`).
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
    to_size,
    to_text,
)

NAME = "Fooocus"
CARRIERS = ("parameters", *EXIF_CARRIERS, "Comment")
SIGNS = ('"metadata_scheme"', '"base_model"', '"Base Model"', '"RuinedFooocus"')
MAX_LORAS = 256


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether a carrier holds the object."""
    return find_object(carriers, CARRIERS, SIGNS) is not None


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read the object; keys of older versions are the labels of its log."""
    values = load_object(find_object(carriers, CARRIERS, SIGNS) or "")
    width, height = to_size(first_of(values, "resolution", "Resolution"))
    return GenerationParameters(
        prompt=to_text(first_of(values, "prompt", "Prompt")),
        negative_prompt=to_text(first_of(values, "negative_prompt", "Negative Prompt", "Negative")),
        model=to_name(first_of(values, "base_model", "Base Model", "base_model_name")),
        model_hash=to_name(values.get("base_model_hash")),
        seed=to_seed(first_of(values, "seed", "Seed")),
        steps=to_count(first_of(values, "steps", "Steps")),
        sampler=to_name(first_of(values, "sampler", "Sampler", "sampler_name")),
        scheduler=to_name(first_of(values, "scheduler", "Scheduler")),
        guidance=to_float(first_of(values, "guidance_scale", "Guidance Scale", "cfg")),
        clip_skip=to_count(first_of(values, "clip_skip", "CLIP Skip")),
        loras=_loras(values.get("loras")),
        width=to_count(values.get("width")) or width,
        height=to_count(values.get("height")) or height,
        stage="text",
    )


def _loras(values: object) -> tuple[Lora, ...]:
    """Return the LoRAs of `[[name, weight, hash], …]`, or of RuinedFooocus' `[{"name": …, "weight": …}, …]`."""
    rows = values[:MAX_LORAS] if isinstance(values, list) else []
    pairs = [(row.get("name"), row.get("weight")) if isinstance(row, dict) else row for row in rows]
    named = [pair for pair in pairs if isinstance(pair, (list, tuple)) and len(pair) >= 2]
    return tuple(Lora(pair[0], to_float(pair[1])) for pair in named if isinstance(pair[0], str))
