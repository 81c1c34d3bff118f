"""Civitai's generator: a ComfyUI graph with `extraMetadata`, or an infotext with `Civitai resources`.

`extraMetadata` repeats the recipe of the first picture, also where the file is its upscale, whose graph has no sampler.
Both name the model by its version id, which is its identity here.

Belongs here: what Civitai adds. Does not: the graph and the infotext themselves (`comfyui`, `automatic1111`).
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from dedup_assets.generation_metadata.json_carriers import EXIF_CARRIERS, find_object
from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.tools import automatic1111, comfyui
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

NAME = "Civitai"
GRAPH_CARRIERS = ("prompt", *EXIF_CARRIERS)
GRAPH_SIGNS = ('"extraMetadata"',)
LORA_TYPES = ("lora", "lycoris", "locon", "dora")
INFOTEXT_SIGN = "Civitai resources:"


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether one of the two additions is there."""
    return find_object(carriers, GRAPH_CARRIERS, GRAPH_SIGNS) is not None or (
        any(INFOTEXT_SIGN in carriers.get(name, "") for name in automatic1111.CARRIERS)
        and automatic1111.detect(carriers)
    )


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read what Civitai says of the recipe first, then the graph or the infotext for what it leaves open."""
    text = find_object(carriers, GRAPH_CARRIERS, GRAPH_SIGNS)
    if text is None:
        return _parse_infotext(carriers)
    extra = load_object(text).get("extraMetadata")
    values = load_object(extra) if isinstance(extra, str) else child({"": extra}, "")
    return _parse_extra(values).filled_from(comfyui.parse(carriers))


def _parse_extra(values: dict[str, object]) -> GenerationParameters:
    return GenerationParameters(
        prompt=to_text(values.get("prompt")),
        negative_prompt=to_text(values.get("negativePrompt")),
        model_id=_model_id(values.get("resources")),
        seed=to_seed(values.get("seed")),
        steps=to_count(values.get("steps")),
        sampler=to_name(values.get("sampler")),
        guidance=to_float(values.get("cfgScale")),
        clip_skip=to_count(values.get("clipSkip")),
        loras=_loras(values.get("resources")),
        width=to_count(values.get("width")),
        height=to_count(values.get("height")),
        stage="upscale" if values.get("transformations") else None,
    )


def _parse_infotext(carriers: Mapping[str, str]) -> GenerationParameters:
    infotext = automatic1111.find_infotext(carriers)
    try:
        resources = json.loads(infotext.settings.get("civitai resources", "[]")) if infotext else []
    except (ValueError, RecursionError):
        resources = []
    named = next((row for row in _rows(resources) if row.get("type") == "checkpoint"), {})
    parameters = automatic1111.parse(carriers)
    return replace(
        parameters,
        model=parameters.model or to_name(named.get("modelName")),
        model_id=_model_id(resources),
        loras=parameters.loras or _loras(resources),
    )


def _model_id(resources: object) -> str | None:
    """Return `civitai@<version id>` of the checkpoint: the first resource where kinds are not told."""
    rows = [row for row in _rows(resources) if row.get("type", "checkpoint") == "checkpoint"]
    version = to_count(rows[0].get("modelVersionId")) if rows else None
    return None if version is None else f"civitai@{version}"


def _loras(resources: object) -> tuple[Lora, ...]:
    """Return LoRAs named `civitai@<version id>`, as Civitai tells no file names: where kinds are not told, all but the first."""
    rows = _rows(resources)
    is_told = any("type" in row for row in rows)
    loras = [row for row in rows if row.get("type") in LORA_TYPES] if is_told else rows[1:]
    versions = [(to_count(row.get("modelVersionId")), first_of(row, "weight", "strength")) for row in loras]
    return tuple(Lora(f"civitai@{version}", to_float(weight)) for version, weight in versions if version is not None)


def _rows(resources: object) -> list[dict[str, object]]:
    return [row for row in resources[:256] if isinstance(row, dict)] if isinstance(resources, list) else []
