"""Tensor.Art: its own object as `generation_data`, beside the ComfyUI graph that it ran as `prompt`.

The object names the model by file name and hash and holds the prompts as typed; its seed may be -1, the graph's never is.

Belongs here: the object. Does not: the graph (`comfyui`).
"""

from collections.abc import Mapping

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.tools import comfyui
from dedup_assets.generation_metadata.values import (
    child,
    first_of,
    load_object,
    to_count,
    to_float,
    to_name,
    to_seed,
    to_text,
)

NAME = "Tensor.Art"
CARRIER = "generation_data"
MAX_MODELS = 256


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether the object is there."""
    return carriers.get(CARRIER, "").lstrip()[:1] == "{"


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read prompts, model and LoRAs of the object, then the graph, then what else the object says."""
    values = load_object(carriers[CARRIER])
    model = child(values, "baseModel")
    named = GenerationParameters(
        prompt=to_text(values.get("prompt")),
        negative_prompt=to_text(values.get("negativePrompt")),
        model=to_name(first_of(model, "modelFileName", "label")),
        model_hash=to_name(model.get("hash")),
        loras=_loras(values.get("models")),
    )
    graph = comfyui.parse(carriers) if comfyui.detect(carriers) else GenerationParameters()
    return named.filled_from(graph).filled_from(_settings(values))


def _settings(values: dict[str, object]) -> GenerationParameters:
    return GenerationParameters(
        seed=to_seed(values.get("seed")),
        steps=to_count(values.get("steps")),
        sampler=to_name(first_of(values, "samplerName", "ksamplerName")),
        scheduler=to_name(values.get("schedule")),
        guidance=to_float(values.get("cfgScale")),
        clip_skip=to_count(values.get("clipSkip")),
        width=to_count(values.get("width")),
        height=to_count(values.get("height")),
    )


def _loras(models: object) -> tuple[Lora, ...]:
    rows = [row for row in models[:MAX_MODELS] if isinstance(row, dict)] if isinstance(models, list) else []
    named = [(to_name(row.get("modelFileName")), row.get("weight")) for row in rows if row.get("type") == "LORA"]
    return tuple(Lora(name, to_float(weight)) for name, weight in named if name)
