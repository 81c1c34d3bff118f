"""AUTOMATIC1111's infotext, also written by Forge, reForge, SD.Next, Civitai, Fooocus and many savers.

The format: prompt lines; `Negative prompt:` and its lines; one line `Steps: 20, Sampler: Euler a, …, Seed: 1, …`, where
values with commas are quoted as JSON; sometimes further lines (templates). Prompts may hold anything, such a line too.

Belongs here: this format. Does not: other texts under the same `parameters` keyword (Fooocus and SwarmUI write JSON).
"""

import re
from collections.abc import Mapping
from itertools import islice

from dedup_assets.generation_metadata.objects import MAX_ROWS, Carriers, Values, named_loras
from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora, MetadataError
from dedup_assets.generation_metadata.tools.infotext import Infotext, split_infotext
from dedup_assets.generation_metadata.values import to_size

NAME = "AUTOMATIC1111"
CARRIERS = ("parameters", "EXIF:UserComment", "COM", "EXIF:ImageDescription", "Comment", "Description", "stealth-alpha")
LORA_TAG = re.compile(r"<(?:lora|lyco|lora_?\w{0,8}):([^:<>]{1,256})(?::([^:<>]{0,24}))?[^<>]{0,256}>", re.IGNORECASE)
KEYS = (
    "model, model_hash=model hash, seed, subseed=variation seed, subseed_strength=variation seed strength, steps, sampler, "
    "scheduler=schedule type|sampler sigma|scheduler, guidance=cfg scale, distilled_guidance=distilled cfg scale, "
    "clip_skip=clip skip, denoise=denoising strength"
)


def detect(carriers: Carriers) -> bool:
    """Tell whether a carrier holds an infotext."""
    return find_infotext(carriers) is not None


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the infotext; sampler and schedule stay as written."""
    infotext = find_infotext(carriers)
    if infotext is None:
        raise MetadataError("there is no line `Steps: …`")
    settings = infotext.settings
    width, height = to_size(settings.get("size"))
    first_width, first_height = _first_pass_size(settings)
    return Values({key: value or None for key, value in settings.items()}).parameters(
        KEYS,
        prompt=infotext.prompt,
        negative_prompt=infotext.negative_prompt,
        loras=prompt_loras(infotext.prompt),
        width=width,
        height=height,
        first_pass_width=first_width,
        first_pass_height=first_height,
        stage=_stage(settings),
    )


def find_infotext(carriers: Carriers) -> Infotext | None:
    """Return the first carrier's text that is an infotext, split into its parts."""
    texts = (carriers[name] for name in CARRIERS if "Steps: " in carriers.get(name, ""))
    return next((infotext for text in texts if (infotext := split_infotext(text))), None)


def prompt_loras(prompt: str | None) -> tuple[Lora, ...]:
    """Return the LoRAs that a prompt's `<lora:name:weight>` tags name, in order; no weight means 1."""
    tags = islice(LORA_TAG.finditer(prompt or ""), MAX_ROWS)
    return named_loras((tag[1].strip(), tag[2] or "1") for tag in tags)


def _first_pass_size(settings: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return the size before the hires pass: `Size` today, `First pass size` before 2023."""
    if "first pass size" in settings:
        return to_size(settings["first pass size"])
    return to_size(settings.get("size")) if _is_hires(settings) else (None, None)


def _is_hires(settings: Mapping[str, str]) -> bool:
    return any(key.startswith("hires ") or key == "first pass size" for key in settings)


def _stage(settings: Mapping[str, str]) -> str:
    if "/" in settings.get("script", "") and "plot" in settings.get("script", "").lower():
        return "grid"
    if _is_hires(settings):
        return "hires"
    if any("upscale" in key for key in settings):
        return "upscale"
    return "image" if "denoising strength" in settings else "text"
