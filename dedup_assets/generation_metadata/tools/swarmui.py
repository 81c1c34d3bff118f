"""SwarmUI (and StableSwarmUI): an object with `sui_image_params` under `parameters`, or in the EXIF UserComment.

Belongs here: this object. Does not: the ComfyUI graph that SwarmUI runs, which it does not write.
"""

from collections.abc import Mapping

from dedup_assets.generation_metadata.json_carriers import EXIF_CARRIERS, find_object
from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.values import (
    child,
    first_of,
    load_object,
    to_count,
    to_float,
    to_int,
    to_name,
    to_seed,
    to_text,
)

NAME = "SwarmUI"
CARRIERS = ("parameters", *EXIF_CARRIERS)
SIGNS = ('"sui_image_params"',)
MAX_LORAS = 256


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether a carrier holds the object."""
    return find_object(carriers, CARRIERS, SIGNS) is not None


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read the object; `clipstopatlayer` counts from -1."""
    whole = load_object(find_object(carriers, CARRIERS, SIGNS) or "")
    values = child(whole, "sui_image_params")
    layer = to_int(values.get("clipstopatlayer"))
    is_second = any(key.startswith("refinerupscale") for key in values)
    return GenerationParameters(
        prompt=to_text(values.get("prompt")),
        negative_prompt=to_text(values.get("negativeprompt")),
        model=to_name(values.get("model")),
        model_hash=_model_hash(whole.get("sui_models")),
        seed=to_seed(values.get("seed")),
        subseed=to_seed(values.get("variationseed")),
        subseed_strength=to_float(values.get("variationseedstrength")),
        steps=to_count(values.get("steps")),
        sampler=to_name(first_of(values, "sampler", "comfyuisampler")),
        scheduler=to_name(first_of(values, "scheduler", "comfyuischeduler")),
        guidance=to_float(values.get("cfgscale")),
        distilled_guidance=to_float(values.get("fluxguidancescale")),
        clip_skip=abs(layer) if layer is not None else None,
        loras=_loras(values.get("loras"), values.get("loraweights")),
        denoise=to_float(values.get("initimagecreativity")),
        width=to_count(values.get("width")),
        height=to_count(values.get("height")),
        stage="hires" if is_second else ("image" if "initimagecreativity" in values else "text"),
    )


def _model_hash(models: object) -> str | None:
    rows = [row for row in models[:64] if isinstance(row, dict)] if isinstance(models, list) else []
    return next((to_name(row.get("hash")) for row in rows if row.get("param") == "model"), None)


def _loras(names: object, weights: object) -> tuple[Lora, ...]:
    """Pair two lists; either may be a text with commas."""
    name_list, weight_list = _listed(names), _listed(weights)
    padded = [*weight_list, *[None] * len(name_list)]
    return tuple(
        Lora(name, to_float(weight)) for name, weight in zip(name_list, padded, strict=False) if isinstance(name, str)
    )


def _listed(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",", MAX_LORAS)[:MAX_LORAS]]
    return value[:MAX_LORAS] if isinstance(value, list) else []
