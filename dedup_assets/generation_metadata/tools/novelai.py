"""NovelAI: PNG texts `Software`, `Source`, `Description` and a JSON `Comment`; in WebP and alpha one object of them.

Belongs here: versions 1 to 4. Does not: reading the alpha channel (`stealth_alpha`).
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from dedup_assets.generation_metadata.objects import EXIF_CARRIERS, Carriers, ToolObject, Values, load_object
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.values import to_name, to_text

NAME = "NovelAI"
OWN = ToolObject(EXIF_CARRIERS, ('"NovelAI"', "NovelAI Diffusion"))
SOURCE = re.compile(r"(.{1,200}?)\s{1,4}([0-9A-F]{8})")
KEYS = "prompt, negative_prompt=uc, seed, steps, sampler, scheduler=noise_schedule, guidance=scale, width, height"


def detect(carriers: Carriers) -> bool:
    """Tell whether `Software` names NovelAI, or an object elsewhere does."""
    return carriers.get("Software", "") == "NovelAI" or OWN.is_in(carriers)


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the `Comment`; the model is what `Source` names, as `Stable Diffusion 1D44365E` with a hash behind it."""
    wrapped = OWN.find(carriers)
    texts: Mapping[str, object] = carriers if wrapped is None else load_object(wrapped)
    comment = texts.get("Comment")
    values = Values(comment) if isinstance(comment, dict) else load_object(comment if isinstance(comment, str) else "")
    source = to_name(texts.get("Source"))
    hashed = SOURCE.fullmatch(source or "")
    stage = _stage(values)
    told = values.parameters(
        KEYS if stage == "text" else f"{KEYS}, denoise=strength",
        model=hashed[1] if hashed else source,
        model_hash=hashed[2] if hashed else None,
        stage=stage,
    )
    return replace(
        told,
        prompt=_caption(values, "v4_prompt") or told.prompt or to_text(texts.get("Description")),
        negative_prompt=_caption(values, "v4_negative_prompt") or told.negative_prompt,
    )


def _stage(values: Values) -> str | None:
    """Return `text` or `image` by the kind of request; version 1 names none and may write a `strength` for both."""
    request = values.get("request_type")
    if isinstance(request, str):
        return "text" if request == "PromptGenerateRequest" else "image"
    return None if "strength" in values else "text"


def _caption(values: Values, key: str) -> str | None:
    """Return version 4's base caption, and its characters' captions on lines of their own."""
    caption = values.child(key).child("caption")
    characters = caption.rows("char_captions")
    texts = [caption.get("base_caption"), *(row.get("char_caption") for row in characters)]
    return "\n".join(text for text in texts if isinstance(text, str) and text) or None
