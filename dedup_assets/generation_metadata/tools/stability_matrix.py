"""Stability Matrix: `parameters-json` beside the ComfyUI graph that it ran and an infotext of the same settings.

The object holds the prompts as typed, where the graph's lack the LoRA tags, and the model's hash.

Belongs here: the object. Does not: the graph and the infotext (`comfyui`), or the project (`smproj`).
"""

from dedup_assets.generation_metadata.objects import Carriers, load_object
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.tools import comfyui

NAME = "Stability Matrix"
CARRIER = "parameters-json"
NAMED = "prompt=PositivePrompt, negative_prompt=NegativePrompt, model=ModelName, model_hash=ModelHash"
SETTINGS = "seed=Seed, steps=Steps, sampler=Sampler, guidance=CfgScale, width=Width, height=Height"


def detect(carriers: Carriers) -> bool:
    """Tell whether the object is there."""
    return '"PositivePrompt"' in carriers.get(CARRIER, "")


def parse(carriers: Carriers) -> GenerationParameters:
    """Read prompts and model of the object, then the graph, then what else the object says."""
    values = load_object(carriers[CARRIER])
    graph = comfyui.parse_beside(carriers)
    return values.parameters(NAMED).filled_from(graph).filled_from(values.parameters(SETTINGS))
