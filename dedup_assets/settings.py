"""Where the project is told what to work on: the environment, and a YAML file of policies.

Belongs here: names of environment variables, defaults, and reading the policy file with clear errors.
Does not belong here: credentials, which `resources/` read from the environment where they are used.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dedup_assets.stages.stage import Policy

SOURCE, STORE, PREFIX_DEPTH = "DEDUP_SOURCE", "DEDUP_STORE", "DEDUP_PREFIX_DEPTH"
WORKERS, READS, POLICIES = "DEDUP_WORKERS", "DEDUP_READS", "DEDUP_POLICIES"
MAX_REQUESTS, MAX_BYTES = "DEDUP_MAX_REQUESTS_PER_S", "DEDUP_MAX_BYTES_PER_S"
DECODE_TIMEOUT = "DEDUP_DECODE_TIMEOUT"

LIMITS = {
    "workers": (WORKERS, 1, 256),
    "reads": (READS, 1, 256),
    "max_requests_per_s": (MAX_REQUESTS, 1, 1_000_000),
    "max_bytes_per_s": (MAX_BYTES, 65_536, 1_000_000_000_000),
    "decode_timeout_s": (DECODE_TIMEOUT, 1, 86_400),
}
"""How much a run may take, unless left to the collection: the setting, its variable, its least and its largest value."""


class SettingsError(ValueError):
    """A setting is not what was expected; the text says what came."""


@dataclass(frozen=True)
class Settings:
    """What one code location works on."""

    source: str = ""
    store: str = "dedup-store"
    prefix_depth: int = 1
    workers: int | None = None
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    at_terminal: bool = False
    max_requests_per_s: int | None = None
    max_bytes_per_s: int | None = None
    decode_timeout_s: int | None = None
    reads: int | None = None

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the DEDUP_ variables; unset ones have their defaults.

        Raises:
            SettingsError: a number is not one or out of bounds, or the policy file cannot be read.
        """
        limits: dict[str, Any] = {setting: _limit(*bounds) for setting, bounds in LIMITS.items()}
        return cls(
            source=os.environ.get(SOURCE, ""),
            store=os.environ.get(STORE, "dedup-store"),
            prefix_depth=_number(PREFIX_DEPTH, os.environ.get(PREFIX_DEPTH, "1")),
            policies=read_policies(os.environ.get(POLICIES)),
            **limits,
        )

    @property
    def collection(self) -> dict[str, Any]:
        """The arguments of the `Collection` resource."""
        return {"source": self.source, "store": self.store, "prefix_depth": self.prefix_depth, **self.limits}

    @property
    def limits(self) -> dict[str, int]:
        """Those of `LIMITS` that were set."""
        values = {setting: getattr(self, setting) for setting in LIMITS}
        return {setting: value for setting, value in values.items() if value is not None}


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise SettingsError(f"{name} is {text!r}, but a whole number was expected.") from error


def _limit(name: str, least: int, largest: int) -> int | None:
    text = os.environ.get(name)
    if not text:
        return None
    value = _number(name, text)
    if not least <= value <= largest:
        raise SettingsError(f"{name} is {value}, but a whole number from {least} to {largest} was expected.")
    return value


def read_policies(path: str | None) -> dict[str, dict[str, Any]]:
    """Read a YAML file of policies: a section an asset, its settings below it.

    Raises:
        SettingsError: there is no such file, or it is not a mapping of mappings.
    """
    if not path:
        return {}
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"The policy file {path} cannot be read: {error}") from error
    if not isinstance(document, dict) or not all(isinstance(section, dict) for section in document.values()):
        raise SettingsError(f"The policy file {path} must hold a section an asset, each with its settings below it.")
    return document


def build_policies(kinds: Mapping[str, type[Policy]], settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Policy]:
    """Make every policy, by the name of its section, with the given settings.

    Raises:
        SettingsError: a section or a setting is unknown, or a value is out of its bounds.
    """
    if unknown := sorted(set(settings) - set(kinds)):
        raise SettingsError(f"Unknown policy sections {unknown}; known are {sorted(kinds)}.")
    return {section: _build(section, kind, settings.get(section, {})) for section, kind in kinds.items()}


def _build(section: str, kind: type[Policy], values: Mapping[str, Any]) -> Policy:
    if unknown := sorted(set(values) - set(kind.model_fields)):
        raise SettingsError(
            f"Unknown settings {unknown} in policy section {section!r}; known are {sorted(kind.model_fields)}."
        )
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise SettingsError(f"{section}: {name} is {first['input']!r}: {first['msg']}.") from error
