"""NovelAI: PNG texts `Software`, `Source`, `Description` and a JSON `Comment`; in WebP and alpha one object of them.

Belongs here: versions 1 to 4. Does not: reading the alpha channel (`stealth_alpha`).
"""

import re
from collections.abc import Mapping

from dedup_assets.generation_metadata.json_carriers import EXIF_CARRIERS, find_object
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.values import child, load_object, to_count, to_float, to_name, to_seed, to_text

NAME = "NovelAI"
SIGNS = ('"NovelAI"', "NovelAI Diffusion")
SOURCE = re.compile(r"(.{1,200}?)\s{1,4}([0-9A-F]{8})")


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether `Software` names NovelAI, or an object elsewhere does."""
    return carriers.get("Software", "") == "NovelAI" or find_object(carriers, EXIF_CARRIERS, SIGNS) is not None


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read the `Comment`; the model is what `Source` names, with the hash behind it."""
    wrapped = find_object(carriers, EXIF_CARRIERS, SIGNS)
    texts: Mapping[str, object] = carriers if wrapped is None else load_object(wrapped)
    comment = texts.get("Comment")
    values = comment if isinstance(comment, dict) else load_object(comment if isinstance(comment, str) else "")
    model, model_hash = _model(to_name(texts.get("Source")))
    stage = _stage(values)
    return GenerationParameters(
        prompt=_caption(values, "v4_prompt") or to_text(values.get("prompt")) or to_text(texts.get("Description")),
        negative_prompt=_caption(values, "v4_negative_prompt") or to_text(values.get("uc")),
        model=model,
        model_hash=model_hash,
        seed=to_seed(values.get("seed")),
        steps=to_count(values.get("steps")),
        sampler=to_name(values.get("sampler")),
        scheduler=to_name(values.get("noise_schedule")),
        guidance=to_float(values.get("scale")),
        denoise=to_float(values.get("strength")) if stage != "text" else None,
        width=to_count(values.get("width")),
        height=to_count(values.get("height")),
        stage=stage,
    )


def _stage(values: dict[str, object]) -> str | None:
    """Return `text` or `image` by the kind of request; version 1 names none and may write a `strength` for both."""
    request = values.get("request_type")
    if isinstance(request, str):
        return "text" if request == "PromptGenerateRequest" else "image"
    return None if "strength" in values else "text"


def _model(source: str | None) -> tuple[str | None, str | None]:
    """Return (name, hash) of `Stable Diffusion 1D44365E`."""
    match = SOURCE.fullmatch(source or "")
    return (match[1], match[2]) if match else (source, None)


def _caption(values: dict[str, object], key: str) -> str | None:
    """Return version 4's base caption, and its characters' captions on lines of their own."""
    caption = child(child(values, key), "caption")
    characters = caption.get("char_captions")
    rows = [row for row in characters[:64] if isinstance(row, dict)] if isinstance(characters, list) else []
    texts = [caption.get("base_caption"), *(row.get("char_caption") for row in rows)]
    return "\n".join(text for text in texts if isinstance(text, str) and text) or None
