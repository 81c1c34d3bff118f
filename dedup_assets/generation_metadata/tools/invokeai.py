"""InvokeAI: `invokeai_metadata` (3 and later), `sd-metadata` (2) and the `Dream` command line (1 and 2).

Belongs here: these three. Does not: `invokeai_graph` and `invokeai_workflow`, which repeat them.
"""

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
    to_text,
)

NAME = "InvokeAI"
NEGATIVE_WORDS = re.compile(r"\[([^\[\]]*)\]")
DREAM_PROMPT = re.compile(r'\s*"((?:[^"\\]|\\.)*)"|\s*([^-][^"]*?)(?=\s-\w)', re.DOTALL)
DREAM_OPTION = re.compile(r"(?:^|\s)-(-[A-Za-z][\w-]{0,32}|[A-Za-z]{1,2})[ =]?([^\s\"]*)")
MAX_LORAS = 256
MAX_COMMAND_CHARS = 100_000


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether a carrier of any InvokeAI version is there."""
    return any(name in carriers for name in ("invokeai_metadata", "sd-metadata", "Dream"))


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read the newest carrier that is there."""
    if "invokeai_metadata" in carriers:
        return _parse_metadata(load_object(carriers["invokeai_metadata"]))
    if "sd-metadata" in carriers:
        return _parse_sd_metadata(load_object(carriers["sd-metadata"]))
    return parse_dream(carriers["Dream"])


def _parse_metadata(values: dict[str, object]) -> GenerationParameters:
    model = child(values, "model")
    source_image = _image_name(first_of(values, "init_image", "strength_image"))
    hires = values.get("hrf_enabled") is True
    return GenerationParameters(
        prompt=to_text(values.get("positive_prompt")),
        negative_prompt=to_text(values.get("negative_prompt")),
        model=to_name(first_of(model, "model_name", "name")),
        model_hash=to_name(model.get("hash")),
        seed=to_seed(values.get("seed")),
        steps=to_count(values.get("steps")),
        sampler=to_name(values.get("scheduler")),
        guidance=to_float(values.get("cfg_scale")),
        distilled_guidance=to_float(values.get("guidance")),
        clip_skip=to_count(values.get("clip_skip")),
        loras=_loras(values.get("loras")),
        source_image=source_image,
        denoise=to_float(values.get("strength")),
        width=to_count(values.get("width")),
        height=to_count(values.get("height")),
        stage="hires" if hires else ("image" if source_image else "text"),
    )


def _parse_sd_metadata(values: dict[str, object]) -> GenerationParameters:
    images = values.get("images")
    image = child(values, "image") or child({"": images[0]} if isinstance(images, list) and images else {}, "")
    prompt, negative = split_negative(to_text(image.get("prompt")))
    source_image = _image_name(first_of(image, "init_image_path", "orig_hash"))
    return GenerationParameters(
        prompt=prompt,
        negative_prompt=negative,
        model=to_name(first_of(values, "model_weights", "model_id", "model")),
        model_hash=to_name(values.get("model_hash")),
        seed=to_seed(image.get("seed")),
        steps=to_count(image.get("steps")),
        sampler=to_name(image.get("sampler")),
        guidance=to_float(image.get("cfg_scale")),
        source_image=source_image,
        denoise=to_float(image.get("strength")),
        width=to_count(image.get("width")),
        height=to_count(image.get("height")),
        stage="image" if image.get("type") == "img2img" else "text",
    )


def parse_dream(command: str) -> GenerationParameters:
    """Read `"prompt [negative words]" -s 50 -S 42 -W 512 -H 768 -C 7.5 -A k_lms`, which names no model."""
    quoted = DREAM_PROMPT.match(command) if len(command) <= MAX_COMMAND_CHARS else None
    if quoted is None:
        raise MetadataError(f"the Dream command starts with no prompt, or has more than {MAX_COMMAND_CHARS} characters")
    prompt, negative = split_negative(quoted[1] if quoted[1] is not None else quoted[2])
    options = {option[1].lstrip("-"): option[2] for option in DREAM_OPTION.finditer(command, quoted.end())}
    source_image = to_name(options.get("I") or options.get("init_img"))
    return GenerationParameters(
        prompt=prompt,
        negative_prompt=negative,
        seed=to_seed(options.get("S") or options.get("seed")),
        subseed_strength=to_float(options.get("v") or options.get("variation_amount")),
        steps=to_count(options.get("s") or options.get("steps")),
        sampler=to_name(options.get("A") or options.get("sampler")),
        guidance=to_float(options.get("C") or options.get("cfg_scale")),
        source_image=source_image,
        denoise=to_float(options.get("f") or options.get("strength")),
        width=to_count(options.get("W") or options.get("width")),
        height=to_count(options.get("H") or options.get("height")),
        stage="image" if source_image else "text",
    )


def split_negative(prompt: str | None) -> tuple[str | None, str | None]:
    """Return (prompt, negative prompt) of the old syntax, where the negative words stand in brackets."""
    if prompt is None or len(prompt) > MAX_COMMAND_CHARS:
        return prompt, None
    negative = [words.strip() for words in NEGATIVE_WORDS.findall(prompt)]
    return " ".join(NEGATIVE_WORDS.sub("", prompt).split()), ", ".join(negative) if negative else None


def _loras(values: object) -> tuple[Lora, ...]:
    rows = [row for row in values[:MAX_LORAS] if isinstance(row, dict)] if isinstance(values, list) else []
    named = [
        (first_of(child(row, "model") or child(row, "lora"), "name", "model_name"), row.get("weight")) for row in rows
    ]
    return tuple(Lora(name, to_float(weight)) for name, weight in named if isinstance(name, str))


def _image_name(value: object) -> str | None:
    return to_name(value.get("image_name") if isinstance(value, dict) else value)
