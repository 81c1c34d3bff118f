"""InvokeAI: `invokeai_metadata` (3 and later), `sd-metadata` (2) and the `Dream` command line (1 and 2).

Belongs here: these three. Does not: `invokeai_graph` and `invokeai_workflow`, which repeat them.
"""

import re
from dataclasses import replace

from dedup_assets.generation_metadata.objects import Carriers, Values, load_object, named_loras
from dedup_assets.generation_metadata.parameters import GenerationParameters, MetadataError
from dedup_assets.generation_metadata.values import to_name, to_text

NAME = "InvokeAI"
METADATA_KEYS = (
    "prompt=positive_prompt, negative_prompt, seed, steps, sampler=scheduler, guidance=cfg_scale, "
    "distilled_guidance=guidance, clip_skip, denoise=strength, width, height"
)
IMAGE_KEYS = "seed, steps, sampler, guidance=cfg_scale, denoise=strength, width, height"
DREAM_KEYS = (
    "seed=S|seed, subseed_strength=v|variation_amount, steps=s|steps, sampler=A|sampler, guidance=C|cfg_scale, "
    "source_image=I|init_img, denoise=f|strength, width=W|width, height=H|height"
)
NEGATIVE_WORDS = re.compile(r"\[([^\[\]]*)\]")
DREAM_PROMPT = re.compile(r'\s*"((?:[^"\\]|\\.)*)"|\s*([^-][^"]*?)(?=\s-\w)', re.DOTALL)
DREAM_OPTION = re.compile(r"(?:^|\s)-(-[A-Za-z][\w-]{0,32}|[A-Za-z]{1,2})[ =]?([^\s\"]*)")
MAX_COMMAND_CHARS = 100_000


def detect(carriers: Carriers) -> bool:
    """Tell whether a carrier of any InvokeAI version is there."""
    return any(name in carriers for name in ("invokeai_metadata", "sd-metadata", "Dream"))


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the newest carrier that is there."""
    if "invokeai_metadata" in carriers:
        return _parse_metadata(load_object(carriers["invokeai_metadata"]))
    if "sd-metadata" in carriers:
        return _parse_sd_metadata(load_object(carriers["sd-metadata"]))
    return parse_dream(carriers["Dream"])


def _parse_metadata(values: Values) -> GenerationParameters:
    source_image = _image_name(values.first("init_image", "strength_image"))
    loras = [(row.child("model") or row.child("lora"), row.get("weight")) for row in values.rows("loras")]
    return values.parameters(
        METADATA_KEYS,
        loras=named_loras((named.first("name", "model_name"), weight) for named, weight in loras),
        source_image=source_image,
        stage="hires" if values.get("hrf_enabled") is True else ("image" if source_image else "text"),
    ).filled_from(values.child("model").parameters("model=model_name|name, model_hash=hash"))


def _parse_sd_metadata(values: Values) -> GenerationParameters:
    image = values.child("image") or next(iter(values.rows("images")), Values())
    prompt, negative = split_negative(to_text(image.get("prompt")))
    return image.parameters(
        IMAGE_KEYS,
        prompt=prompt,
        negative_prompt=negative,
        source_image=_image_name(image.first("init_image_path", "orig_hash")),
        stage="image" if image.get("type") == "img2img" else "text",
    ).filled_from(values.parameters("model=model_weights|model_id|model, model_hash"))


def parse_dream(command: str) -> GenerationParameters:
    """Read `"prompt [negative words]" -s 50 -S 42 -W 512 -H 768 -C 7.5 -A k_lms`, which names no model."""
    quoted = DREAM_PROMPT.match(command) if len(command) <= MAX_COMMAND_CHARS else None
    if quoted is None:
        raise MetadataError(f"the Dream command starts with no prompt, or has more than {MAX_COMMAND_CHARS} characters")
    prompt, negative = split_negative(quoted[1] if quoted[1] is not None else quoted[2])
    options = Values(
        (option[1].lstrip("-"), option[2] or None) for option in DREAM_OPTION.finditer(command, quoted.end())
    )
    told = options.parameters(DREAM_KEYS, prompt=prompt, negative_prompt=negative)
    return replace(told, stage="image" if told.source_image else "text")


def split_negative(prompt: str | None) -> tuple[str | None, str | None]:
    """Return (prompt, negative prompt) of the old syntax, where the negative words stand in brackets."""
    if prompt is None or len(prompt) > MAX_COMMAND_CHARS:
        return prompt, None
    negative = [words.strip() for words in NEGATIVE_WORDS.findall(prompt)]
    return " ".join(NEGATIVE_WORDS.sub("", prompt).split()), ", ".join(negative) if negative else None


def _image_name(value: object) -> str | None:
    return to_name(value.get("image_name") if isinstance(value, dict) else value)
