"""The JSON objects that tools write: finding one among a file's carriers, and filling parameters from its keys.

Belongs here: what holds for every tool's object. Does not: any tool's keys (`tools/`), single values (`values`).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora, MetadataError
from dedup_assets.generation_metadata.values import to_count, to_float, to_name, to_seed, to_text

Carriers = Mapping[str, str]
"""The texts of one file by carrier."""

OBJECT_START = re.compile(r"\s{0,64}(?:(?:prompt|workflow)\s{0,8}:\s{0,64})?(?=\{)", re.IGNORECASE)
"""White space, and the `Prompt:` or `workflow:` that ComfyUI's savers put before the object in EXIF tags."""

EXIF_CARRIERS = ("EXIF:UserComment", "EXIF:ImageDescription", "EXIF:Make", "EXIF:Model", "COM", "stealth-alpha")
"""Where tools put into JPEG and WebP, in no agreed tag, what they put into PNG keywords."""

MAX_ROWS = 256
"""Rows read of one list: LoRAs, models, characters."""

CONVERSIONS: Mapping[str, Callable[[object], object]] = {
    **dict.fromkeys(("prompt", "negative_prompt"), to_text),
    **dict.fromkeys(("seed", "subseed"), to_seed),
    **dict.fromkeys(("steps", "clip_skip", "width", "height"), to_count),
    **dict.fromkeys(("subseed_strength", "guidance", "distilled_guidance", "denoise"), to_float),
}
"""How each field of `GenerationParameters` is read; what is not named here is a name."""


class Values(dict[str, object]):
    """The values of one object by key, none of them trusted."""

    def first(self, *keys: str) -> object:
        """Return the first value that is there and not None, or None."""
        return next((self[key] for key in keys if self.get(key) is not None), None)

    def child(self, key: str) -> "Values":
        """Return the object under a key, or an empty one."""
        value = self.get(key)
        return Values(value) if isinstance(value, dict) else Values()

    def rows(self, key: str) -> list["Values"]:
        """Return the objects of the list under a key, or none."""
        return rows_of(self.get(key))

    def parameters(self, keys: str, **known: Any) -> GenerationParameters:
        """Return the fields that `keys` names, each from the first of its keys that has a value; `known` as they are.

        `seed, guidance=cfg_scale, model=base_model|Base Model` reads the seed under its own name, the guidance under
        another, and the model under either of two.
        """
        for part in keys.split(", "):
            field, _, names = part.partition("=")
            known[field] = CONVERSIONS.get(field, to_name)(self.first(*(names or field).split("|")))
        return GenerationParameters(**known)


def rows_of(value: object) -> list[Values]:
    """Return the objects of a list, or none."""
    return [Values(row) for row in value[:MAX_ROWS] if isinstance(row, dict)] if isinstance(value, list) else []


def load_object(text: str) -> Values:
    """Parse a JSON object (`NaN` allowed); raises `MetadataError` for anything else, however deep or broken."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise MetadataError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise MetadataError(f"the JSON cannot be read: {str(error)[:200]}") from None
    if not isinstance(value, dict):
        raise MetadataError("the JSON is not an object")
    return Values(value)


@dataclass(frozen=True)
class ToolObject:
    """The object that one tool writes: the carriers that may hold it, in order, and the signs of which it shows one."""

    names: tuple[str, ...]
    signs: tuple[str, ...]

    def find(self, carriers: Carriers) -> str | None:
        """Return the text, from its `{`, of the first carrier that is an object and shows a sign; parses nothing."""
        for text in (carriers.get(name, "") for name in self.names):
            start = OBJECT_START.match(text)
            if start and any(sign in text for sign in self.signs):
                return text[start.end() :]
        return None

    def is_in(self, carriers: Carriers) -> bool:
        """Tell whether a carrier holds the object."""
        return self.find(carriers) is not None

    def load(self, carriers: Carriers) -> Values:
        """Return the object, parsed; raises `MetadataError` where there is none, or it cannot be read."""
        return load_object(self.find(carriers) or "")


def named_loras(pairs: Iterable[tuple[object, object]]) -> tuple[Lora, ...]:
    """Return the LoRAs of (name, weight), without those whose name is no text."""
    return tuple(Lora(name, to_float(weight)) for name, weight in pairs if isinstance(name, str))
