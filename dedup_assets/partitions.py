"""Blob prefixes: which partition an image belongs to, now and for ever.

Belongs here: the one partition definition of the project, the form of its keys, and the rules that place a directory.
Does not belong here: looking at the source or at stored tables (`stages/discovery.py`).

A *directory* is the first `prefix_depth` parts of a blob's path (fewer for blobs that lie higher up, which form a
directory of their own). Each directory is placed once and stays where it is:

* a partition of its own, keyed `catalog/shoes`; the root is keyed `/`;
* split by a stable hash of the path into `catalog/shoes/#00`, `#01` ... where it holds more than MAX_IMAGES;
* packed with its small neighbours into `catalog/+001` where there would be more than MAX_OWN_PARTITIONS.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import dagster as dg

blob_prefix = dg.DynamicPartitionsDefinition(name="blob_prefix")

MAX_IMAGES = 20_000
"""A directory of more images is split: a partition of 20,000 is read in minutes and its codes fit in 4 MB."""

IMAGES_PER_SHARD = 10_000
"""Shards start half full, since a directory grows but an image never changes its partition."""

MAX_OWN_PARTITIONS = 500
"""Dagster's bookkeeping costs about 25 ms a partition and asset on SQLite: 500 partitions of ten assets are 2 minutes."""

MIN_IMAGES = 1_000
"""A directory of fewer images is packed with others once there are more than MAX_OWN_PARTITIONS."""

_RESERVED = re.compile(r"[\x00-\x1f\x7f,|\[\]*%#+\"\\]|\.\.\.|^\s|\s$")


def image_id(path: str) -> int:
    """A positive 63-bit number derived from the path (SHA-256), the same in every run."""
    digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1 or 1


def directory_of(path: str, prefix_depth: int) -> str:
    """The first `prefix_depth` directory parts of a path; "" for a blob at the root.

    Slashes in front of a part belong to it, as `ImageStore.list_directories` counts: `//a/b.jpg` lies in `//a`.
    """
    return "/".join(parts_of(path)[:-1][:prefix_depth])


def parts_of(path: str) -> list[str]:
    """The parts of a path; slashes in front of one belong to it."""
    return re.findall(r"(?:^|/)(/*[^/]+)", path)


def is_whole(directory: str, prefix_depth: int) -> bool:
    """True where the directory owns everything below it, not only the blobs directly in it."""
    return len(parts_of(directory)) == prefix_depth


def partition_key(directory: str) -> str:
    """The key of a directory that is a partition of its own; characters that Dagster reserves are percent-encoded."""
    key = "/".join(_escape(part) for part in directory.split("/"))
    return key or "/"


def _escape(part: str) -> str:
    if part in (".", ".."):
        return part.replace(".", "%2E")
    return _RESERVED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), part)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a directory went: its key, and the number of shards it was split into (1: not split)."""

    key: str
    shards: int = 1

    def key_of(self, path: str) -> str:
        """The partition of one blob of the directory."""
        return self.key if self.shards == 1 else f"{self.key}/#{image_id(path) % self.shards:02d}"

    @property
    def keys(self) -> list[str]:
        """All partitions of the directory."""
        return [self.key] if self.shards == 1 else [f"{self.key}/#{shard:02d}" for shard in range(self.shards)]


@dataclass(frozen=True)
class PrefixLayout:
    """All placements so far, in the order in which they were made."""

    prefix_depth: int
    placements: Mapping[str, Placement] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """All partition keys, each once, in the order in which they came."""
        return list(dict.fromkeys(key for placement in self.placements.values() for key in placement.keys))

    def key_of(self, path: str) -> str | None:
        """The partition of a blob, None where its directory has not been discovered."""
        placement = self.placements.get(directory_of(path, self.prefix_depth))
        return None if placement is None else placement.key_of(path)

    def directories_of(self, keys: Iterable[str]) -> list[str]:
        """The directories that hold the blobs of the given partitions, sorted."""
        wanted = set(keys)
        return sorted(where for where, placement in self.placements.items() if wanted.intersection(placement.keys))

    def families(self, keys: Iterable[str]) -> list[list[str]]:
        """The given keys, those that share a directory together, so that it is listed once; unknown keys are left out."""
        family_of = {key: placement.key for placement in self.placements.values() for key in placement.keys}
        families: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            if key in family_of:
                families[family_of[key]].append(key)
        return list(families.values())

    def place(self, images: Mapping[str, int]) -> dict[str, Placement]:
        """Place directories that are new: `images` maps each to its number of images."""
        pack = len(self.keys) + len(images) > MAX_OWN_PARTITIONS
        small = {where for where, count in images.items() if pack and count < MIN_IMAGES}
        shards = {where: -(-count // IMAGES_PER_SHARD) if count > MAX_IMAGES else 1 for where, count in images.items()}
        own = {where: Placement(partition_key(where), shards[where]) for where in sorted(images) if where not in small}
        return {**own, **self._pack({where: images[where] for where in sorted(small)})}

    def _pack(self, images: Mapping[str, int]) -> dict[str, Placement]:
        by_parent: dict[str, list[str]] = defaultdict(list)
        for where in images:
            by_parent[where.rpartition("/")[0]].append(where)
        return {
            where: Placement(key)
            for parent, directories in sorted(by_parent.items())
            for where, key in self._pack_siblings(parent, directories, images)
        }

    def _pack_siblings(self, parent: str, directories: list[str], images: Mapping[str, int]) -> list[tuple[str, str]]:
        prefix = f"{partition_key(parent)}/+" if parent else "+"
        number = sum(1 for key in self.keys if re.fullmatch(re.escape(prefix) + r"\d+", key)) + 1
        packed, filled = [], 0
        for where in directories:
            if filled and filled + images[where] > IMAGES_PER_SHARD:
                number, filled = number + 1, 0
            packed.append((where, f"{prefix}{number:03d}"))
            filled += images[where]
        return packed
