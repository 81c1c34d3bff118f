"""Tensor.Art: its own object as `generation_data`, beside the ComfyUI graph that it ran as `prompt`.

The object names the model by file name and hash and holds the prompts as typed; its seed may be -1, the graph's never is.

Belongs here: the object. Does not: the graph (`comfyui`).
"""

from dedup_assets.generation_metadata.objects import Carriers, load_object, named_loras
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.tools import comfyui
from dedup_assets.generation_metadata.values import to_name

NAME = "Tensor.Art"
CARRIER = "generation_data"
SETTINGS = "seed, steps, sampler=samplerName|ksamplerName, scheduler=schedule, guidance=cfgScale, clip_skip=clipSkip, width, height"


def detect(carriers: Carriers) -> bool:
    """Tell whether the object is there."""
    return carriers.get(CARRIER, "").lstrip()[:1] == "{"


def parse(carriers: Carriers) -> GenerationParameters:
    """Read prompts, model and LoRAs of the object, then the graph, then what else the object says."""
    values = load_object(carriers[CARRIER])
    loras = [row for row in values.rows("models") if row.get("type") == "LORA"]
    model = values.child("baseModel").parameters("model=modelFileName|label, model_hash=hash")
    return (
        values.parameters(
            "prompt, negative_prompt=negativePrompt",
            loras=named_loras((to_name(row.get("modelFileName")), row.get("weight")) for row in loras),
        )
        .filled_from(model)
        .filled_from(comfyui.parse_beside(carriers))
        .filled_from(values.parameters(SETTINGS))
    )
