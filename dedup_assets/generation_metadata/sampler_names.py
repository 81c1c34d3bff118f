"""One spelling for samplers and schedules that tools, and versions of one tool, write differently.

Belongs here: names only. Does not: what a sampler does.
"""

import re

SCHEDULES = (
    "karras",
    "exponential",
    "polyexponential",
    "sgmuniform",
    "simple",
    "normal",
    "beta",
    "ddimuniform",
    "uniform",
)
"""Schedules that some versions write behind the sampler (`DPM++ 2M Karras`, `euler_ancestral_karras`)."""

DEFAULT_SCHEDULES = frozenset({"automatic", "normal", "default", ""})
"""Schedules that mean no choice was made: written by some versions and left out by others."""

ALIASES = {
    "eulera": "eulerancestral",
    "dpm2a": "dpm2ancestral",
    "dpmpp2sa": "dpmpp2sancestral",
    "keuler": "euler",
    "keulerancestral": "eulerancestral",
    "keulera": "eulerancestral",
    "klms": "lms",
    "kheun": "heun",
    "kdpm2": "dpm2",
    "kdpmpp2m": "dpmpp2m",
}


def canonical_sampler(sampler: str | None, scheduler: str | None) -> tuple[str | None, str | None]:
    """Return (sampler, schedule) in lower-case letters and digits; None where not known or, for schedules, not chosen.

    `DPM++ 2M Karras` alone, `DPM++ 2M` with `Karras`, and `dpmpp_2m` with `karras` give the same pair.
    """
    name, schedule = _squeezed(sampler), _squeezed(scheduler)
    suffix = next((known for known in SCHEDULES if name and name.endswith(known) and len(name) > len(known)), None)
    if name and suffix:
        name = name.removesuffix(suffix)
        schedule = schedule or suffix
    return ALIASES.get(name or "", name), None if schedule in DEFAULT_SCHEDULES else schedule


def _squeezed(name: str | None) -> str | None:
    return None if name is None else re.sub(r"[^0-9a-z]", "", name.lower().replace("++", "pp"))
