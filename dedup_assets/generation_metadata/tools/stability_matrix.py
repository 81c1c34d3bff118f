"""Stability Matrix: `parameters-json` beside the ComfyUI graph that it ran and an infotext of the same settings.

The object holds the prompts as typed, where the graph's lack the LoRA tags, and the model's hash.

Belongs here: the object. Does not: the graph and the infotext (`comfyui`), or the project (`smproj`).
"""

from collections.abc import Mapping

from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.tools import comfyui
from dedup_assets.generation_metadata.values import load_object, to_count, to_float, to_name, to_seed, to_text

NAME = "Stability Matrix"
CARRIER = "parameters-json"


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether the object is there."""
    return '"PositivePrompt"' in carriers.get(CARRIER, "")


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read prompts and model of the object, then the graph, then what else the object says."""
    values = load_object(carriers[CARRIER])
    named = GenerationParameters(
        prompt=to_text(values.get("PositivePrompt")),
        negative_prompt=to_text(values.get("NegativePrompt")),
        model=to_name(values.get("ModelName")),
        model_hash=to_name(values.get("ModelHash")),
    )
    settings = GenerationParameters(
        seed=to_seed(values.get("Seed")),
        steps=to_count(values.get("Steps")),
        sampler=to_name(values.get("Sampler")),
        guidance=to_float(values.get("CfgScale")),
        width=to_count(values.get("Width")),
        height=to_count(values.get("Height")),
    )
    graph = comfyui.parse(carriers) if comfyui.detect(carriers) else GenerationParameters()
    return named.filled_from(graph).filled_from(settings)
