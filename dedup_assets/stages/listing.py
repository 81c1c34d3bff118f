"""What a listing found beside the images: files that stand in no report, and a digest by which another listing is compared.

Belongs here: noting it by partition, and summing it up. Does not belong here: which files are images or left out
(`resources/images/`), the rows of images (`assets/image_manifest.py`).
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from dedup_assets.resources.images.image_names import kind_of
from dedup_assets.resources.images.source import Blob
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST

ELSEWHERE = "listing/elsewhere.json"
"""What the directories hold that are in no partition, for no image is in them."""


class Listing(NamedTuple):
    """How many files are no images, by kind, how many are left out, by the glob that did it, and a digest of all others."""

    others: Mapping[str, int]
    left_out: Mapping[str, int]
    digest: int
    """The sum of `number_of` each."""


def number_of(blob: Blob) -> int:
    """A 64-bit number of a file as it is now, another one whenever its bytes may have changed."""
    told = f"{blob.path}\0{blob.etag}\0{blob.changed_at}\0{blob.inode}"
    return int.from_bytes(hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()[:8])


def note_elsewhere(tables: TableStore, found: Listing) -> None:
    """Note what lies in no partition; written where it changed."""
    if tables.read_document(ELSEWHERE) != found._asdict():
        tables.write_document(ELSEWHERE, found._asdict())


def read_listing(tables: TableStore) -> Listing:
    """What the last listing found, of all partitions and elsewhere."""
    keys = tables.partitions(IMAGE_MANIFEST)
    noted = [tables.commit_of(IMAGE_MANIFEST, key).details.get("listing", {}) for key in keys]
    noted.append(tables.read_document(ELSEWHERE) or {})
    others, left_out = (
        sum((Counter(each.get(name)) for each in noted), Counter[str]()) for name in Listing._fields[:2]
    )
    return Listing(others, left_out, sum(each.get("digest", 0) for each in noted))


def count_no_images(tables: TableStore) -> Counter[str]:
    """How many files turned out to be no image by their first bytes, by kind."""
    rows = tables.read_many(IMAGE_FEATURES, columns=["path", "decode_status"])
    return Counter(map(kind_of, rows.filter(pl.col("decode_status") == "no_image")["path"]))
