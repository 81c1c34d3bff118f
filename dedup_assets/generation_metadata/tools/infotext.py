"""Splitting AUTOMATIC1111's infotext into prompt, negative prompt and settings, in time linear in the text.

Belongs here: lines, quoting and separators. Does not: what a setting means (`automatic1111`).
"""

import json
import re
from collections import deque
from dataclasses import dataclass

SETTINGS_LINE = re.compile(r"^[ \t]*Steps: *\d+ *(?:,|$)", re.MULTILINE)
SETTINGS_ANYWHERE = re.compile(r"\bSteps: *\d+, *(?:Size|Sampler|CFG scale|Seed)\b")
NEGATIVE_LINE = re.compile(r"^Negative prompt:", re.MULTILINE)
KEY = re.compile(r"[\s,]{0,16}([^:,\"\[\]{}\n]{1,64}):[ \t]{0,16}")
QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"(?=\s*(?:,|$))')
MAX_SETTINGS = 256


@dataclass(frozen=True)
class Infotext:
    """The three parts; keys of `settings` in lower case, values unquoted; prompt None where there is none."""

    prompt: str | None
    negative_prompt: str | None
    settings: dict[str, str]


def split_infotext(text: str) -> Infotext | None:
    """Split at the last line that starts as settings do; None where there is none."""
    start = _last_match(SETTINGS_LINE, text) or _last_match(SETTINGS_ANYWHERE, text)
    if start is None:
        return None
    prompts, line = text[: start.start()], text[start.start() :].lstrip().split("\n", 1)[0]
    negative = next(NEGATIVE_LINE.finditer(prompts), None)
    if negative is None and "\n" not in prompts.strip():
        negative = re.search(r"\bNegative prompt:", prompts)
    prompt = prompts[: negative.start()] if negative else prompts
    return Infotext(
        prompt=prompt.strip() or None,
        negative_prompt=prompts[negative.end() :].strip() if negative else None,
        settings=split_settings(line),
    )


def _last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def split_settings(line: str) -> dict[str, str]:
    """Split `Key: value, Key: "quoted, value", Key: {"json": 1}`; of a repeated key the first value counts."""
    settings: dict[str, str] = {}
    position = 0
    for _ in range(MAX_SETTINGS):
        key = KEY.match(line, position)
        if key is None:
            break
        value, position = _take_value(line, key.end())
        settings.setdefault(key[1].strip().lower(), value)
    return settings


def _take_value(line: str, start: int) -> tuple[str, int]:
    """Return the value at a position, and the position behind it."""
    quoted = QUOTED.match(line, start)
    if quoted:
        return _unquoted(quoted[0]), quoted.end()
    if line[start : start + 1] in ("{", "["):
        try:
            return line[start : (end := json.JSONDecoder().raw_decode(line, start)[1])], end
        except (ValueError, RecursionError):
            pass
    end = line.find(",", start)
    end = len(line) if end < 0 else end
    return line[start:end].strip(), end


def _unquoted(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]
