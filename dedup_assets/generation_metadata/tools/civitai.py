"""Civitai's generator: a ComfyUI graph with `extraMetadata`, or an infotext with `Civitai resources`.

`extraMetadata` repeats the recipe of the first picture, also where the file is its upscale, whose graph has no sampler.
Both name the model by its version id, which is its identity here.

Belongs here: what Civitai adds. Does not: the graph and the infotext themselves (`comfyui`, `automatic1111`).
"""

import json
from dataclasses import replace

from dedup_assets.generation_metadata.objects import (
    EXIF_CARRIERS,
    Carriers,
    ToolObject,
    Values,
    load_object,
    named_loras,
    rows_of,
)
from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.tools import automatic1111, comfyui
from dedup_assets.generation_metadata.values import to_count, to_name

NAME = "Civitai"
GRAPH = ToolObject(("prompt", *EXIF_CARRIERS), ('"extraMetadata"',))
KEYS = (
    "prompt, negative_prompt=negativePrompt, seed, steps, sampler, guidance=cfgScale, clip_skip=clipSkip, width, height"
)
LORA_TYPES = ("lora", "lycoris", "locon", "dora")


def detect(carriers: Carriers) -> bool:
    """Tell whether one of the two additions is there."""
    return GRAPH.is_in(carriers) or (
        any("Civitai resources:" in carriers.get(name, "") for name in automatic1111.CARRIERS)
        and automatic1111.detect(carriers)
    )


def parse(carriers: Carriers) -> GenerationParameters:
    """Read what Civitai says of the recipe first, then the graph or the infotext for what it leaves open."""
    if not GRAPH.is_in(carriers):
        return _parse_infotext(carriers)
    graph = GRAPH.load(carriers)
    extra = graph.get("extraMetadata")
    values = load_object(extra) if isinstance(extra, str) else graph.child("extraMetadata")
    return values.parameters(
        KEYS,
        model_id=_model_id(values.get("resources")),
        loras=_loras(values.get("resources")),
        stage="upscale" if values.get("transformations") else None,
    ).filled_from(comfyui.parse(carriers))


def _parse_infotext(carriers: Carriers) -> GenerationParameters:
    infotext = automatic1111.find_infotext(carriers)
    try:
        resources = json.loads(infotext.settings.get("civitai resources", "[]")) if infotext else []
    except (ValueError, RecursionError):
        resources = []
    checkpoints = (row.get("modelName") for row in rows_of(resources) if row.get("type") == "checkpoint")
    parameters = automatic1111.parse(carriers)
    return replace(
        parameters,
        model=parameters.model or to_name(next(checkpoints, None)),
        model_id=_model_id(resources),
        loras=parameters.loras or _loras(resources),
    )


def _version(resource: Values) -> str | None:
    version = to_count(resource.get("modelVersionId"))
    return None if version is None else f"civitai@{version}"


def _model_id(resources: object) -> str | None:
    """Return `civitai@<version id>` of the checkpoint: the first resource where kinds are not told."""
    rows = [row for row in rows_of(resources) if row.get("type", "checkpoint") == "checkpoint"]
    return _version(rows[0]) if rows else None


def _loras(resources: object) -> tuple[Lora, ...]:
    """Return LoRAs named `civitai@<version id>`, as Civitai tells no file names: where kinds are not told, all but the first."""
    rows = rows_of(resources)
    is_told = any("type" in row for row in rows)
    loras = [row for row in rows if row.get("type") in LORA_TYPES] if is_told else rows[1:]
    return named_loras((_version(row), row.first("weight", "strength")) for row in loras)
