"""What one code location works on, and how much of the machine it may take: from the environment, or as a command says.

Belongs here: names, bounds and defaults of settings, and reading them with clear errors. Does not belong here: what they
mean (`resources/collection.py`, `policies.py`), credentials, which `resources/` read from the environment where they are used.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dedup_assets.errors import SettingsError

POLICIES = "DEDUP_POLICIES"

_NAMES_SECRET = re.compile(r"(?i)passw|secret|token|api_?key|credential")
SECRET = re.compile(
    r"(?i)(://)[^/?#@\s]+(?=@)|((?:^|[?&;\s'\"])"
    r"(?:sig|key|api[-_]?key|subscription-key|code|(?:access_?)?token|passw(?:or)?d|pwd|secret|AccountKey|SharedAccessSignature)=)"
    r"[^&;,\s'\"<>]+"
)
"""What counts as a secret within a text: who is let in at an address, and what its query or a connection is signed with."""


class CollectionSettings(BaseModel):
    """Where the images are, where the tables go, and how much of the machine and of the source a run may take."""

    source: str = Field(
        default="", description="Folder or container of images: a path, az://account/container/prefix, or a blob URL"
    )
    store: str = Field(default="dedup-store", description="Folder or container of the tables and the report")
    exclude: list[str] = Field(
        default=[],
        description="Globs of names or paths that are not listed; in the environment one a line, as those to include",
    )
    include: list[str] = Field(default=[], description="Globs of what is listed though it is excluded, or by default")
    prefix_depth: int = Field(default=1, ge=0, le=16, description="Directory levels that make a blob prefix")
    workers: int = Field(
        default=min(32, os.cpu_count() or 1), ge=1, le=256, description="Processes that read, verify and embed"
    )
    reads: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Images on their way at once, one a worker at least; of a container 8 a worker",
    )
    max_requests_per_s: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Reads a second that the source is asked for at most"
    )
    max_bytes_per_s: int | None = Field(
        default=None, ge=65_536, le=10**12, description="Bytes a second that are read from the source at most"
    )
    decode_timeout_s: float = Field(
        default=60.0, gt=0, le=86_400, description="Seconds that decoding one doubtful image may take"
    )

    @field_validator("exclude", "include", mode="before")
    @classmethod
    def _one_a_line(cls, value: Any) -> Any:
        return value.splitlines() if isinstance(value, str) else value


class Settings(CollectionSettings):
    """What one code location works on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policies: Mapping[str, Mapping[str, Any]] = {}
    at_terminal: bool = False

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the DEDUP_ variables; unset ones have their defaults.

        Raises:
            SettingsError: a number is not one or out of bounds, or the policy file cannot be read.
        """
        values = {name: os.environ.get(variable_of(name)) for name in CollectionSettings.model_fields}
        try:
            given = {name: value for name, value in values.items() if value}
            return cls(**given, policies=read_policies(os.environ.get(POLICIES)))  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            raise SettingsError(
                f"{variable_of(str(first['loc'][0]))} is {first['input']!r}: {first['msg']}."
            ) from error

    @property
    def collection(self) -> dict[str, Any]:
        """The arguments of the `Collection` resource that are not left to it."""
        return self.model_dump(include=set(CollectionSettings.model_fields), exclude_unset=True) | {"store": self.store}


def variable_of(setting: str) -> str:
    """The environment variable of a setting."""
    return f"DEDUP_{setting.removesuffix('_s') if setting == 'decode_timeout_s' else setting}".upper()


def read_policies(path: str | None) -> dict[str, dict[str, Any]]:
    """Read a YAML file of policies: a section an asset, its settings below it.

    Raises:
        SettingsError: there is no such file, it is not a mapping of mappings, or it holds a secret.
    """
    if not path:
        return {}
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"The policy file {path} cannot be read: {error}") from error
    if not isinstance(document, dict) or not all(isinstance(section, dict) for section in document.values()):
        raise SettingsError(f"The policy file {path} must hold a section an asset, each with its settings below it.")
    for section, name in find_secrets(document):
        raise SettingsError(
            f"The policy file {path} holds a secret in {section}.{name}, where it would be kept and shown: expected is a value "
            "without. The token of a service belongs in EMBEDDINGS_TOKEN, the query of its address in EMBEDDINGS_QUERY."
        )
    return document


def find_secrets(policies: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The section and the name of every setting that is called a secret, or holds an address or a connection with one."""
    for section, settings in policies.items():
        for name, value in settings.items():
            if _NAMES_SECRET.search(str(name)) or SECRET.search(str(value)):
                yield section, name
