"""What is visible of a partition: its immutable parts, and what they were made from.

Belongs here: the record that a commit file holds, its name, and the name of a partition's directory. Does not belong here:
which commit is the newest (`commit_log.py`), reading and writing parts (`store.py`).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from urllib.parse import quote

LONGEST_NAME = 150

FIRST_FILE = "commit.json"
"""The one commit of a partition as 0.2.0 wrote it, which was replaced: number 0."""

_FILE = re.compile(r"(\d{6,})\.json")


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

    Not stored with it: the `number` of its file, 0 before there was any; `damaged`, the paths of files that it needs and that
    cannot be read; and `strangers`, the names of parts that another run added or took away while this one was at work.
    """

    table: str
    partition: str
    parts: tuple[Part, ...] = ()
    fingerprint: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    replaced: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    damaged: tuple[str, ...] = ()
    strangers: frozenset[str] = field(default=frozenset(), compare=False)

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

    @property
    def directory(self) -> str:
        """Where its files lie in the store."""
        return f"tables/{self.table}/{partition_directory(self.partition)}"

    def path_of(self, part: Part) -> str:
        """Where one of its parts lies in the store."""
        return f"{self.directory}/{part.name}"

    def over(self, newest: "Commit") -> "Commit":
        """This state with the parts of one that another run committed meanwhile: what `newest` adds or lacks are strangers."""
        met = self.strangers.union(set(self.part_names) ^ set(newest.part_names))
        theirs = replace(self, parts=newest.parts, replaced=newest.replaced, number=newest.number)
        return replace(theirs, fingerprint=None if met else self.fingerprint, strangers=met)

    def document(self) -> dict[str, Any]:
        """What its file holds, with a digest of all of it."""
        stored: dict[str, Any] = json.loads(
            json.dumps({name: value for name, value in asdict(self).items() if name in _STORED})
        )
        return stored | {"sha256": _sha256_of(stored)}

    @classmethod
    def read(cls, data: bytes, number: int) -> "Commit":
        """The commit that a file of this number holds.

        Raises:
            ValueError: the file is damaged.
        """
        document = json.loads(data)
        if not isinstance(document, dict) or (number and document.pop("sha256", None) != _sha256_of(document)):
            raise ValueError("no commit")
        try:
            parts = tuple(Part(**part) for part in document.pop("parts", ()))
            return cls(**document, parts=parts, number=number)
        except TypeError as error:
            raise ValueError("no commit") from error


_STORED = [each.name for each in fields(Commit) if each.name not in ("number", "damaged", "strangers")]


def partition_directory(partition: str) -> str:
    """The directory name of a partition key: percent-encoded, shortened by a digest where a file system may refuse it."""
    name = quote(partition, safe=" ()=+,")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 20]}~{hashlib.sha256(partition.encode()).hexdigest()[:16]}"


def commit_file(number: int) -> str:
    """The name of the file of a commit."""
    return f"{number:06}.json" if number else FIRST_FILE


def number_of_file(name: str) -> int | None:
    """The number of a commit by the name of its file; None of other files."""
    found = _FILE.fullmatch(name)
    return int(found[1]) if found else 0 if name == FIRST_FILE else None


def _sha256_of(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
