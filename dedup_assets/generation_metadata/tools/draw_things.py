"""Draw Things: a JSON object in the `exif:UserComment` of the XMP packet, or in the EXIF UserComment.

Belongs here: this object. Does not: the same settings as prose in `dc:description`.
"""

import html
import re

from dedup_assets.generation_metadata.objects import Carriers, load_object, named_loras
from dedup_assets.generation_metadata.parameters import GenerationParameters, MetadataError
from dedup_assets.generation_metadata.values import to_count, to_float, to_size

NAME = "Draw Things"
OBJECT_START = re.compile(r"<rdf:li[^<>]{0,64}>\s*(?=\{)|<exif:UserComment>\s*(?=\{)")


def detect(carriers: Carriers) -> bool:
    """Tell whether the XMP packet or the EXIF software tag names Draw Things."""
    return any("Draw Things" in carriers.get(name, "") for name in ("XMP", "EXIF:Software", "Software"))


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the object: `c` is the prompt, `uc` the negative prompt."""
    values = load_object(_object_text(carriers))
    width, height = to_size(values.get("size"))
    denoise = to_float(values.get("strength"))
    second = values.child("v2")
    loras = values.rows("lora") if values.get("lora") else second.rows("loras")
    return values.parameters(
        "prompt=c, negative_prompt=uc, model, seed, steps, sampler, guidance=scale",
        clip_skip=to_count(second.get("clipSkip")),
        loras=named_loras((row.first("model", "file"), row.get("weight")) for row in loras),
        denoise=denoise,
        width=width,
        height=height,
        stage="text" if denoise in (None, 1.0) else "image",
    )


def _object_text(carriers: Carriers) -> str:
    comment = carriers.get("EXIF:UserComment", "")
    if comment.startswith("{"):
        return comment
    packet = carriers.get("XMP", "")
    start = OBJECT_START.search(packet)
    if start is None:
        raise MetadataError("the XMP packet holds no settings")
    return html.unescape(packet[start.end() : packet.find("<", start.end())])
