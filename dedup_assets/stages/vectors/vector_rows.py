"""Vectors as rows of the table `embeddings`, and which of them are known.

Belongs here: rows and matrices, the keys of what was embedded before, and the rows of images that go with them.
Does not belong here: computing vectors (`embedders/`), which pictures (`stages/vectors/image_vectors.py`) or prompts
(`stages/vectors/prompt_vectors.py`) need one.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.embedders.protocol import ModelName
from dedup_assets.resources.database.image_rows import ImageRow
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.tables import EMBEDDINGS, IMAGE_MANIFEST, METADATA_HASHES, REPRESENTATIVES

MODEL = ("model", "revision")
ROW_KEY = ("subject", "content_key", *MODEL)


def of_model(subject: str, name: ModelName) -> pl.Expr:
    """Which rows of `embeddings` are of one model, and of images or of prompts."""
    return (pl.col("subject") == subject) & (pl.col("model") == name.model) & (pl.col("revision") == name.revision)


class KnownVectors:
    """The keys of all vectors of one model, read once a run; what this run adds is added here as well."""

    def __init__(self, tables: TableStore, subject: str, name: ModelName) -> None:
        self._tables, self._is_of_model = tables, of_model(subject, name)
        self._by_partition: dict[str, pl.Series] | None = None

    def read_again(self) -> None:
        """Look at all partitions anew, as other runs write to them as well."""
        self._tables = self._tables.as_of_now()
        self._by_partition = self._read()

    def known_to(self, commit: Commit) -> pl.Series:
        """The keys known in other partitions, and in this one as `commit` has it."""
        own = self._of_model(self._tables.read_parts(EMBEDDINGS, commit.partition, commit.parts, ROW_KEY))
        if self._by_partition is None:
            self._by_partition = self._read()
        self._by_partition[commit.partition] = own
        return pl.concat([pl.Series("content_key", [], pl.String), *self._by_partition.values()])

    def _read(self) -> dict[str, pl.Series]:
        keys = self._tables.partitions(EMBEDDINGS)
        return {key: self._of_model(self._tables.read(EMBEDDINGS, key, ROW_KEY)) for key in keys}

    def _of_model(self, rows: pl.DataFrame) -> pl.Series:
        return rows.filter(self._is_of_model)["content_key"]


def vector_rows(
    subject: str,
    name: ModelName,
    keys: Iterable[str],
    image_ids: Iterable[int | None],
    vectors: NDArray[np.float32],
    broken: str,
) -> pl.DataFrame:
    """Rows of `embeddings`, an image or a prompt each; a NaN vector has the error `broken`."""
    rows: list[dict[str, Any]] = []
    for content_key, image_id, vector in zip(keys, image_ids, vectors, strict=True):
        good = bool(np.isfinite(vector).all())
        rows.append(
            {
                "subject": subject,
                **name._asdict(),
                "content_key": content_key,
                "image_id": image_id,
                "vector": vector.tolist() if good else None,
                "error": None if good else broken,
            }
        )
    return EMBEDDINGS.frame(rows)


def read_vectors(
    tables: TableStore, key: str, subject: str, name: ModelName, dimension: int
) -> tuple[list[bytes], NDArray[np.float32]]:
    """The SHA-256 and the vectors (n, dimension) of one subject and model in a partition, those that there are."""
    rows = tables.read(EMBEDDINGS, key, [*ROW_KEY, "vector"]).filter(
        of_model(subject, name) & pl.col("vector").is_not_null()
    )
    return [bytes.fromhex(content_key) for content_key in rows["content_key"]], as_matrix(rows["vector"], dimension)


def as_matrix(vectors: pl.Series, dimension: int) -> NDArray[np.float32]:
    """A list column as (n, dimension) float32."""
    return np.asarray(vectors.explode().to_numpy(), np.float32).reshape(-1, dimension)


def read_image_rows(tables: TableStore, key: str) -> list[ImageRow]:
    """The images of a partition with their groups and recipes, as the database takes them."""
    images = tables.read(
        REPRESENTATIVES, key, ["image_id", "file_sha256", "group_id", "keep_rank", "is_representative"]
    )
    recipes = tables.read(METADATA_HASHES, key, ["image_id", "metadata_hash"])
    paths = tables.read(IMAGE_MANIFEST, key, ["image_id", "path"])
    rows = images.join(recipes, on="image_id", how="left").join(paths, on="image_id").sort("image_id")
    ordered = rows.select(
        "image_id", "path", "file_sha256", "metadata_hash", "group_id", "keep_rank", "is_representative"
    )
    return [ImageRow(*row) for row in ordered.iter_rows()]
