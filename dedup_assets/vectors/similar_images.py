"""What a store holds that looks like one image: one of its own, or a file from outside.

Belongs here: the vector of the image, with the provider whose vectors the store holds, and its neighbours in the words of the
report. Does not belong here: the search itself (`resources/vector_search.py`), the command (`commands/similar.py`).
"""

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from dedup_assets.embedders.chain import choose_embedder
from dedup_assets.embedders.protocol import NoEmbedderError
from dedup_assets.embedders.settings import EmbedderSettings
from dedup_assets.kernels.decode_verdict import UnreadableImage
from dedup_assets.kernels.decoding import DecodeLimits
from dedup_assets.kernels.describing import sketch_image
from dedup_assets.named_images import NamedImages, Row, UnknownImageError
from dedup_assets.pairs.evidence import decode_thumbnail
from dedup_assets.report.plain_words import visible
from dedup_assets.resources.database import DatabaseResource
from dedup_assets.resources.table_store import TableStore
from dedup_assets.resources.vector_search import nearest_images, vector_of_image
from dedup_assets.tables import EMBEDDINGS
from dedup_assets.vectors.vector_rows import PROVIDED


class NoVectorError(ValueError):
    """There is no vector to search with; the text says why and what to do."""


@dataclass(frozen=True)
class SimilarImage:
    """An image of the store: its cosine, -1 to 1, to the one asked for, and what the report says of the two."""

    path: str
    cosine: float
    relation: str


@dataclass(frozen=True)
class SimilarImages:
    """Searches one store by the vectors of its last run.

    Raises:
        NoVectorError: the store holds no vectors.
    """

    tables: TableStore
    database: DatabaseResource
    images: NamedImages
    settings: EmbedderSettings
    provider: str
    model: str
    revision: str

    @classmethod
    def open(
        cls, tables: TableStore, database: DatabaseResource, source: str, settings: EmbedderSettings
    ) -> "SimilarImages":
        """The store of `tables`, by the model that most of its partitions have; `settings` are those of its providers."""
        details = [tables.commit_of(EMBEDDINGS, key).details for key in tables.partitions(EMBEDDINGS)]
        embedded = Counter(tuple(each[name] for name in PROVIDED) for each in details if "model" in each)
        if not embedded:
            raise NoVectorError("This store holds no vectors yet: do `dedup-assets run` first.")
        ((provided, _),) = embedded.most_common(1)
        return cls(tables, database, NamedImages.read(tables, source), settings, *provided)

    def find(self, name: str, limit: int, prefix: str = "") -> list[SimilarImage]:
        """The images that are nearest to an image of the store, or to a file, nearest first; never the image itself.

        Raises:
            UnknownImageError: there is neither such an image nor such a file.
            NoVectorError: the image could not be embedded, the file cannot be read, or its provider does not work here.
        """
        with self.database.connect_migrated() as connection:
            row, vector = self._stored(connection, name) or self._outside(name)
            near = nearest_images(
                connection, self.database.store_name, self.model, self.revision, vector, limit + 1, prefix
            )
        rows = {each["image_id"]: each for each in self._rows([neighbour.image_id for neighbour in near])}
        return [
            SimilarImage(each.path, each.cosine, _relation(row, rows.get(each.image_id, {})))
            for each in near
            if each.image_id != row.get("image_id")
        ][:limit]

    def _rows(self, image_ids: list[int]) -> list[Row]:
        return self.images.rows.filter(self.images.rows["image_id"].is_in(image_ids)).to_dicts()

    def _stored(self, connection: psycopg.Connection, name: str) -> tuple[Row, NDArray[np.float32]] | None:
        try:
            row = self.images.find(name)
        except UnknownImageError:
            if Path(name).is_file():
                return None
            raise
        vector = vector_of_image(connection, self.database.store_name, self.model, self.revision, int(row["image_id"]))
        if vector is None:
            raise NoVectorError(
                f"{visible(row['path'])} has no vector in the database: see its row in the table embeddings."
            )
        return row, vector

    def _outside(self, name: str) -> tuple[Row, NDArray[np.float32]]:
        try:
            data = Path(name).read_bytes()
            thumbnail = decode_thumbnail(sketch_image(data, DecodeLimits()).thumbnail)
        except UnreadableImage as error:
            raise NoVectorError(f"{visible(name)} cannot be read: {error}") from error
        except OSError as error:
            raise NoVectorError(f"{visible(name)} cannot be read: {error.strerror}.") from error
        vector = self._embed(thumbnail)
        if not np.isfinite(vector).all():
            raise NoVectorError(f"{self.provider} could make nothing of {visible(name)}.")
        return {"file_sha256": sha256(data).digest()}, vector

    def _embed(self, thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            embedder = choose_embedder([self.provider], self.settings).embedder
        except NoEmbedderError as error:
            raise NoVectorError(f"The store's vectors are of {self.provider}, which does not work: {error}") from error
        if (embedder.model, embedder.revision) != (self.model, self.revision):
            raise NoVectorError(
                f"The store's vectors are of {self.model}@{self.revision}, but {self.provider} is now "
                f"{embedder.model}@{embedder.revision}: do `dedup-assets run` first."
            )
        return np.asarray(embedder.embed([thumbnail])[0], np.float32)


def _relation(asked: Row, found: Row) -> str:
    """What the report says of two images; "" for nothing."""
    if asked["file_sha256"] == found.get("file_sha256"):
        return "same bytes"
    return "same group" if "group_id" in asked and asked["group_id"] == found.get("group_id") else ""
