"""Midjourney: the whole command as `Description`, ending in `Job ID: …`.

Belongs here: prompt and `--options`. Does not: model hashes, steps and guidance, which Midjourney never tells.
"""

import re
from collections.abc import Mapping

from dedup_assets.generation_metadata.parameters import GenerationParameters, MetadataError
from dedup_assets.generation_metadata.values import to_name, to_seed

NAME = "Midjourney"
CARRIERS = ("Description", "EXIF:ImageDescription", "XMP", "Comment")
JOB = re.compile(r"Job ID: [0-9a-fA-F-]{36}")
OPTION = re.compile(r"\s--?(\w{1,32})\s*((?:(?!\s-{1,2}\w)[^\n])*)")
MAX_CHARS = 20_000


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether a description ends in a job id."""
    return any("Job ID: " in carriers.get(name, "") for name in CARRIERS)


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read prompt, `--seed`, `--no`, `--iw`, and the version as the model."""
    command = next((found for name in CARRIERS if (found := _command(carriers.get(name, "")))), None)
    if command is None:
        raise MetadataError("there is no command before the job id")
    prompt, _, rest = command.partition(" --")
    options = {option[1].lower(): option[2].strip() for option in OPTION.finditer(f" --{rest}")} if rest else {}
    return GenerationParameters(
        prompt=prompt.strip(),
        negative_prompt=to_name(options.get("no")),
        model=_model(options),
        seed=to_seed(options.get("seed") or options.get("sameseed")),
        stage="text",
    )


def _command(text: str) -> str | None:
    """Return what stands before the job id, in XMP from the last tag on."""
    job = JOB.search(text)
    if job is None:
        return None
    return text[max(0, job.start() - MAX_CHARS) : job.start()].rsplit(">", 1)[-1].strip() or None


def _model(options: Mapping[str, str]) -> str | None:
    """Return `Midjourney v6.1` or `Midjourney niji 6`; None where the command leaves the version to the default."""
    version = options.get("v") or options.get("version")
    if version:
        return f"Midjourney v{version}"
    return f"Midjourney niji {options['niji']}".strip() if "niji" in options else None
