"""Draw Things: a JSON object in the `exif:UserComment` of the XMP packet, or in the EXIF UserComment.

Belongs here: this object. Does not: the same settings as prose in `dc:description`.
"""

import html
import re
from collections.abc import Mapping

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora, MetadataError
from dedup_assets.generation_metadata.values import (
    child,
    first_of,
    load_object,
    to_count,
    to_float,
    to_name,
    to_seed,
    to_size,
    to_text,
)

NAME = "Draw Things"
OBJECT_START = re.compile(r"<rdf:li[^<>]{0,64}>\s*(?=\{)|<exif:UserComment>\s*(?=\{)")
MAX_LORAS = 256


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether the XMP packet or the EXIF software tag names Draw Things."""
    return any("Draw Things" in carriers.get(name, "") for name in ("XMP", "EXIF:Software", "Software"))


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read the object: `c` is the prompt, `uc` the negative prompt."""
    values = load_object(_object_text(carriers))
    width, height = to_size(values.get("size"))
    denoise = to_float(first_of(values, "strength"))
    return GenerationParameters(
        prompt=to_text(values.get("c")),
        negative_prompt=to_text(values.get("uc")),
        model=to_name(values.get("model")),
        seed=to_seed(values.get("seed")),
        steps=to_count(values.get("steps")),
        sampler=to_name(values.get("sampler")),
        guidance=to_float(values.get("scale")),
        clip_skip=to_count(first_of(child(values, "v2"), "clipSkip")),
        loras=_loras(first_of(values, "lora") or child(values, "v2").get("loras")),
        denoise=denoise,
        width=width,
        height=height,
        stage="text" if denoise in (None, 1.0) else "image",
    )


def _object_text(carriers: Mapping[str, str]) -> str:
    comment = carriers.get("EXIF:UserComment", "")
    if comment.startswith("{"):
        return comment
    packet = carriers.get("XMP", "")
    start = OBJECT_START.search(packet)
    if start is None:
        raise MetadataError("the XMP packet holds no settings")
    return html.unescape(packet[start.end() : packet.find("<", start.end())])


def _loras(values: object) -> tuple[Lora, ...]:
    rows = [row for row in values[:MAX_LORAS] if isinstance(row, dict)] if isinstance(values, list) else []
    named = [(first_of(row, "model", "file"), row.get("weight")) for row in rows]
    return tuple(Lora(name, to_float(weight)) for name, weight in named if isinstance(name, str))
