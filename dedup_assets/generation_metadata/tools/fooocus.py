"""Fooocus and RuinedFooocus: a JSON object under `parameters` (PNG) or in the EXIF UserComment (JPEG, WebP).

The prompt is what the person typed (`prompt`), not what styles and expansion made of it (`full_prompt`).

Belongs here: Fooocus' own scheme. Does not: its `a1111` scheme, which is an infotext (`automatic1111`).
"""

from dataclasses import replace

from dedup_assets.generation_metadata.objects import EXIF_CARRIERS, MAX_ROWS, Carriers, ToolObject, named_loras
from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.values import to_size

NAME = "Fooocus"
SIGNS = ('"metadata_scheme"', '"base_model"', '"Base Model"', '"RuinedFooocus"')
OWN = ToolObject(("parameters", *EXIF_CARRIERS, "Comment"), SIGNS)
detect = OWN.is_in
KEYS = (
    "prompt=prompt|Prompt, negative_prompt=negative_prompt|Negative Prompt|Negative, width, height, seed=seed|Seed, "
    "model=base_model|Base Model|base_model_name, model_hash=base_model_hash, steps=steps|Steps, "
    "sampler=sampler|Sampler|sampler_name, scheduler=scheduler|Scheduler, clip_skip=clip_skip|CLIP Skip, "
    "guidance=guidance_scale|Guidance Scale|cfg"
)


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the object; keys of older versions are the labels of its log."""
    values = OWN.load(carriers)
    width, height = to_size(values.first("resolution", "Resolution"))
    told = values.parameters(KEYS, loras=_loras(values.get("loras")), stage="text")
    return replace(told, width=told.width or width, height=told.height or height)


def _loras(values: object) -> tuple[Lora, ...]:
    """Return the LoRAs of `[[name, weight, hash], …]`, or of RuinedFooocus' `[{"name": …, "weight": …}, …]`."""
    rows = values[:MAX_ROWS] if isinstance(values, list) else []
    pairs = [(row.get("name"), row.get("weight")) if isinstance(row, dict) else row for row in rows]
    return named_loras((pair[0], pair[1]) for pair in pairs if isinstance(pair, (list, tuple)) and len(pair) >= 2)
