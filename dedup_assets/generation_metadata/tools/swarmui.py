"""SwarmUI (and StableSwarmUI): an object with `sui_image_params` under `parameters`, or in the EXIF UserComment.

Belongs here: this object. Does not: the ComfyUI graph that SwarmUI runs, which it does not write.
"""

from itertools import zip_longest

from dedup_assets.generation_metadata.objects import EXIF_CARRIERS, MAX_ROWS, Carriers, ToolObject, named_loras
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.values import to_int, to_name

NAME = "SwarmUI"
OWN = ToolObject(("parameters", *EXIF_CARRIERS), ('"sui_image_params"',))
detect = OWN.is_in
KEYS = (
    "prompt, negative_prompt=negativeprompt, model, seed, subseed=variationseed, subseed_strength=variationseedstrength, "
    "steps, sampler=sampler|comfyuisampler, scheduler=scheduler|comfyuischeduler, guidance=cfgscale, width, height, "
    "distilled_guidance=fluxguidancescale, denoise=initimagecreativity"
)


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the object; `clipstopatlayer` counts from -1."""
    whole = OWN.load(carriers)
    values = whole.child("sui_image_params")
    layer = to_int(values.get("clipstopatlayer"))
    is_second = any(key.startswith("refinerupscale") for key in values)
    models = (row.get("hash") for row in whole.rows("sui_models") if row.get("param") == "model")
    return values.parameters(
        KEYS,
        model_hash=to_name(next(models, None)),
        clip_skip=abs(layer) if layer is not None else None,
        loras=named_loras(zip_longest(_listed(values.get("loras")), _listed(values.get("loraweights")))),
        stage="hires" if is_second else ("image" if "initimagecreativity" in values else "text"),
    )


def _listed(value: object) -> list[object]:
    """Return a list, which may be a text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",", MAX_ROWS)[:MAX_ROWS]]
    return value[:MAX_ROWS] if isinstance(value, list) else []
