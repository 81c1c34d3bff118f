"""What is visible of a partition: its immutable parts, and what they were made from.

Belongs here: the record that `commit.json` holds, and the name of a partition's directory. Does not belong here: reading and
writing (`store.py`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Part:
    """One immutable Parquet file: its name, rows, bytes and the SHA-256 of its bytes."""

    name: str
    rows: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Commit:
    """The visible state of one partition of one table.

    `fingerprint` says from which inputs, policy and code it was made; None while the stage is still at work on it.
    `replaced` are parts that it no longer names but still holds for who reads an earlier commit, and when they went (ISO).
    """

    table: str
    partition: str
    parts: tuple[Part, ...] = ()
    fingerprint: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    replaced: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all visible parts."""
        return sum(part.rows for part in self.parts)

    @property
    def digest(self) -> str:
        """Digest of the visible content, for the fingerprints of later stages: of what they go by, where that is less."""
        return (
            self.details.get("digest")
            or hashlib.sha256("".join(sorted(part.sha256 for part in self.parts)).encode()).hexdigest()
        )

    @property
    def part_names(self) -> list[str]:
        """Names of the visible parts, oldest first."""
        return [part.name for part in self.parts]


def partition_directory(partition: str) -> str:
    """The directory name of a partition key: percent-encoded, shortened by a digest where a file system may refuse it."""
    name = quote(partition, safe=" ()=+,")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 20]}~{hashlib.sha256(partition.encode()).hexdigest()[:16]}"
