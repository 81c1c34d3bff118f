"""The listing of a source as it is now, on disk until its partitions are written.

Belongs here: listing the directories of partitions, and the rows of one. Does not belong here: whether what it lacks is
believed (`losses.py`), the rows that are written (`assets/image_manifest.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import polars as pl

from dedup_assets.partitions import PrefixLayout, image_id, is_whole
from dedup_assets.resources.images.image_names import other_kind
from dedup_assets.resources.images.source import Blob, ImageStore
from dedup_assets.stages.listing import number_of
from dedup_assets.tables import IMAGE_MANIFEST

LISTED_AT_ONCE = 50_000
"""Rows of a listing held in memory, about 15 MB."""

_SCHEMA = {**IMAGE_MANIFEST.schema, "partition": pl.String, "other_kind": pl.String, "number": pl.UInt64}


class SpilledListing:
    """Partitions of one source, listed once each directory; `folder` is empty, and belongs to it."""

    def __init__(self, images: ImageStore, layout: PrefixLayout, folder: Path) -> None:
        self.images, self.layout = images, layout
        self._folder, self._folder_of = folder, dict[str, Path]()
        self._left_out: dict[str, Mapping[str, int]] = {}

    @property
    def keys(self) -> list[str]:
        """The partitions that were listed."""
        return list(self._folder_of)

    def add(self, keys: Sequence[str]) -> None:
        """List partitions that share a directory."""
        folder = self._folder / f"{len(self._folder_of):06d}"
        folder.mkdir()
        self.images.left_out.counts.clear()
        blobs = self._blobs_of(keys)
        for number, page in enumerate(iter(lambda: list(islice(blobs, LISTED_AT_ONCE)), [])):
            rows = pl.DataFrame(map(self._row, page), schema=_SCHEMA)
            rows.write_parquet(folder / f"{number:06d}.parquet")
        self._folder_of |= dict.fromkeys(keys, folder)
        self._left_out[keys[0]] = dict(self.images.left_out.counts)

    def rows(self, key: str) -> pl.DataFrame:
        """All files of a partition by path: rows of `image_manifest`, `other_kind` of what is no image, and `number`."""
        return self._scan(key).filter(pl.col("partition") == key).sort("path").collect()

    def images_of(self, key: str) -> pl.DataFrame:
        """The images of a partition: image_id, path, size_bytes."""
        images = self._scan(key).filter(pl.col("other_kind").is_null(), pl.col("partition") == key)
        return images.select("image_id", "path", "size_bytes").collect()

    def others_beside(self, key: str) -> pl.DataFrame:
        """The files that are no images, links left out, of all partitions that share the directory of this one."""
        return self._scan(key).filter(pl.col("other_kind") != "link").sort("path").collect()

    def lost_of(self, key: str, known: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """Of images of a partition that were known (image_id, path), those neither listed nor left out, and how many are listed."""
        gone = known.join(self.images_of(key), on="image_id", how="anti")
        is_left_out = [self.images.left_out.glob_of(path) is not None for path in gone["path"]]
        return gone.filter(~pl.Series(is_left_out, dtype=pl.Boolean)), known.height - gone.height

    def left_out(self, key: str) -> Mapping[str, int]:
        """How many files each glob left out; of partitions that share a directory they stand with the first."""
        return self._left_out.get(key, {})

    def _scan(self, key: str) -> pl.LazyFrame:
        files = sorted(self._folder_of[key].iterdir())
        return pl.scan_parquet(files) if files else pl.LazyFrame(schema=_SCHEMA)

    def _blobs_of(self, keys: Sequence[str]) -> Iterator[Blob]:
        for directory in self.layout.directories_of(keys):
            yield from self.images.list_blobs(directory, recursive=is_whole(directory, self.layout.prefix_depth))

    def _row(self, blob: Blob) -> dict[str, object]:
        derived = {
            "partition": self.layout.key_of(blob.path),
            "other_kind": other_kind(blob),
            "number": number_of(blob),
        }
        return {"image_id": image_id(blob.path), **blob._asdict(), **derived}
