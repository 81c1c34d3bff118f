"""Files of the source that stand in no report: those that are no images, and those that are left out by their name.

Belongs here: how many of which kind, noted where they are listed and summed up for people. Does not belong here: which files
these are (`resources/images/`).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from dedup_assets.resources.images.image_names import kind_of
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST

ELSEWHERE = "listing/elsewhere.json"
"""What the directories hold that are in no partition, for no image is in them."""


class PassedOver(NamedTuple):
    """How many files: those that are no images, by kind, and those that are left out, by the glob that did it."""

    others: Mapping[str, int]
    left_out: Mapping[str, int]

    def details(self) -> dict[str, Any]:
        """As it stands in the details of a commit."""
        return {name: dict(sorted(counts.items())) for name, counts in self._asdict().items()}


def note_elsewhere(tables: TableStore, others: Mapping[str, int], left_out: Mapping[str, int]) -> None:
    """Note what lies in no partition; written where it changed."""
    found = PassedOver(others, left_out).details()
    if tables.read_document(ELSEWHERE) != found:
        tables.write_document(ELSEWHERE, found)


def read_passed_over(tables: TableStore) -> PassedOver:
    """What the last listing passed over, and what turned out to be no image by its first bytes."""
    keys = tables.partitions(IMAGE_MANIFEST)
    noted = [tables.commit_of(IMAGE_MANIFEST, key).details.get("passed_over", {}) for key in keys]
    noted.append(tables.read_document(ELSEWHERE) or {})
    others, left_out = (
        sum((Counter(each.get(name, {})) for each in noted), Counter[str]()) for name in PassedOver._fields
    )
    for key in tables.partitions(IMAGE_FEATURES):
        rows = tables.read(IMAGE_FEATURES, key, ["path", "decode_status"]).filter(pl.col("decode_status") == "no_image")
        others.update(map(kind_of, rows["path"]))
    return PassedOver(others, left_out)
