"""Local features of contents, found once and kept for as long as the contents are.

Belongs here: the rows of `local_features`. Does not belong here: finding features and how they are packed
(`kernels/verify/stored_features.py`), or what needs them (`verifier.py`, `stages/vectors/image_vectors.py`).

What is stored only saves finding it again: a part of it that is damaged is left out and found again.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from dedup_assets.kernels.verify.stored_features import CODE_LENGTH, FEATURES_VERSION, StoredFeatures
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.departed import read_departed
from dedup_assets.stages.pairs.contents import number_contents
from dedup_assets.tables import LOCAL_FEATURES

PICTURES_A_PART, MAX_SMALL_PARTS = 500, 8
"""As many rows as are read at least to get at one of them; 14 KB each wait for the others."""

MOST_AT_WORK = 20_000
"""Pictures at most whose features all workers can be finding while one of them tells what it found."""


class FeatureRows:
    """Reads the features that are stored, and stores what is found, some hundred pictures at a time."""

    def __init__(self, tables: TableStore, homes: pl.DataFrame) -> None:
        """Take the partition of each content: file_sha256, distinct and ascending, and partition."""
        self._tables, self._homes = tables, homes
        self._waiting: dict[bytes, StoredFeatures] = {}
        self._lately: dict[bytes, None] = {}
        self._stored: dict[str, tuple[str, pl.Series]] = {}

    def read(self, contents: pl.Series) -> dict[bytes, StoredFeatures]:
        """The features of those contents that have any of this version."""
        found = self.waiting(contents)
        for (partition,), group in self._at_home(contents).group_by("partition", maintain_order=True):
            rows = self._tables.read_rows(
                LOCAL_FEATURES, str(partition), "file_sha256", group["file_sha256"], LOCAL_FEATURES.column_names
            )
            of_now = rows.filter(pl.col("features_version") == FEATURES_VERSION)
            found |= {row["file_sha256"]: _unpack(row) for row in of_now.iter_rows(named=True)}
        return found

    def waiting(self, contents: pl.Series) -> dict[bytes, StoredFeatures]:
        """The features of those contents that are not stored yet."""
        return {sha: self._waiting[sha] for sha in contents if sha in self._waiting}

    def add(self, found: Mapping[bytes, StoredFeatures]) -> None:
        """Keep features that were found; of two who worked at the same time and both found one, those of the first."""
        new = {sha: features for sha, features in found.items() if sha not in self._lately}
        self._waiting |= new
        self._lately |= dict.fromkeys(new)
        for sha in list(self._lately)[:-MOST_AT_WORK]:
            del self._lately[sha]
        if len(self._waiting) >= PICTURES_A_PART:
            self.flush()

    def flush(self) -> None:
        """Store what waits, but for what was stored before."""
        rows = LOCAL_FEATURES.frame([_pack(sha, features) for sha, features in self._waiting.items()])
        homes = self._at_home(rows["file_sha256"])
        for (partition,), group in rows.join(homes, on="file_sha256").group_by("partition", maintain_order=True):
            self._append(str(partition), group.drop("partition"))
        self._waiting = {}

    def _at_home(self, contents: pl.Series) -> pl.DataFrame:
        places = number_contents(self._homes["file_sha256"], contents)
        return self._homes[places[places >= 0]].select("file_sha256", "partition")

    def _append(self, partition: str, rows: pl.DataFrame) -> None:
        commit = self._tables.begin(LOCAL_FEATURES, partition)
        digest, known = self._stored.get(partition, ("", rows["file_sha256"]))
        if digest != commit.digest:
            commit = forget_features(self._tables, commit, self._homes)
            known = self._tables.read_parts(LOCAL_FEATURES, partition, commit.parts, ["file_sha256"])["file_sha256"]
        new = rows.filter(~pl.col("file_sha256").is_in(known.implode()))
        commit = self._tables.append(commit, LOCAL_FEATURES, new)
        commit = self._tables.merge_small_parts(commit, LOCAL_FEATURES, PICTURES_A_PART, MAX_SMALL_PARTS)
        self._stored[partition] = commit.digest, pl.concat([known, new["file_sha256"]])


def forget_features(tables: TableStore, commit: Commit, homes: pl.DataFrame) -> Commit:
    """Drop the rows of other versions and of contents that are not at home in this partition, nor were lately."""
    at_home = homes.filter(pl.col("partition") == commit.partition)["file_sha256"]
    here = pl.concat([at_home, read_departed(tables, "file_sha256", commit.partition)])
    kept = pl.col("file_sha256").is_in(here.implode()) & (pl.col("features_version") == FEATURES_VERSION)
    return tables.filter_rows(commit, LOCAL_FEATURES, ["file_sha256", "features_version"], kept)


def tell_features(tables: TableStore, partition: str) -> dict[str, int | float]:
    """How many pictures of a partition have stored features, and the bytes that these take."""
    parts = tables.commit_of(LOCAL_FEATURES, partition).parts
    return {
        "local_features": sum(part.rows for part in parts),
        "local_feature_bytes": sum(part.size_bytes for part in parts),
    }


def _pack(content: bytes, features: StoredFeatures) -> dict[str, object]:
    return {
        "file_sha256": content,
        "features_version": FEATURES_VERSION,
        "canvas_width_px": features.size[0],
        "canvas_height_px": features.size[1],
        "count": len(features.codes),
        "codes": features.codes.T.tobytes(),
        "places": features.places.tobytes(),
        "shapes": features.shapes.tobytes(),
        "signature": features.bits.tobytes(),
    }


def _unpack(row: dict[str, Any]) -> StoredFeatures:
    """The arrays are copies, as what compiled loops take is writable."""
    return StoredFeatures(
        codes=np.frombuffer(row["codes"], np.int8).reshape(CODE_LENGTH, -1).T.copy(),
        places=np.frombuffer(row["places"], np.uint16).reshape(-1, 2).copy(),
        shapes=np.frombuffer(row["shapes"], np.uint8).reshape(-1, 2).copy(),
        bits=np.frombuffer(row["signature"], np.uint64).copy(),
        size=(row["canvas_width_px"], row["canvas_height_px"]),
    )
