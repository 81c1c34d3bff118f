"""What a store holds that looks like one image: one of its own, or a file from outside.

Belongs here: the vector of the image, with the provider whose vectors the store holds, and its neighbours in the words of the
report. Does not belong here: the search itself (`resources/database/nearest_images.py`), the command (`commands/similar.py`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from dedup_assets.embedders.chain import choose_embedder
from dedup_assets.embedders.protocol import ModelName
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.embedders.sent_pictures import DEADLINE_S, SENT_LIMITS
from dedup_assets.errors import NoEmbedderError, NoVectorError, UnknownImageError
from dedup_assets.kernels.decode.unreadable import UnreadableImage
from dedup_assets.report.plain_words import visible
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.nearest_images import nearest_images, vector_of_image
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.named_images import NamedImages, Row
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail
from dedup_assets.stages.reading.isolated_decoding import DecodingTimedOutError, IsolatedDecoder
from dedup_assets.stages.vectors.kept_model import used_models

NAMED = 5
"""Partitions that a note names; of more their number is told."""


@dataclass(frozen=True)
class SimilarImage:
    """An image of the store: its cosine, -1 to 1, to the one asked for, and what the report says of the two."""

    path: str
    cosine: float
    relation: str


@dataclass(frozen=True)
class FoundImages:
    """The nearest images, nearest first, and a sentence on those that may not have been searched; "" where all were."""

    images: list[SimilarImage]
    note: str


@dataclass(frozen=True)
class SimilarImages:
    """Searches one store by the vectors of one model, as those of different ones are never compared.

    `used` names the model of each partition: one, as a rule; more only where their last runs had different ones.
    """

    used: Mapping[str, ModelName]
    database: DatabaseResource
    images: NamedImages
    settings: EmbedderSettings

    @classmethod
    def open(
        cls, tables: TableStore, database: DatabaseResource, source: str, settings: EmbedderSettings
    ) -> "SimilarImages":
        """The store of `tables`; `settings` are those of its providers.

        Raises:
            NoVectorError: the store holds no vectors.
        """
        used = used_models(tables)
        if not used:
            raise NoVectorError("This store holds no vectors yet: do `dedup-assets run` first.")
        return cls(used, database, NamedImages.read(tables, source), settings)

    @property
    def models(self) -> list[ModelName]:
        """All models in use, that of most partitions first."""
        return [model for model, _ in Counter(self.used.values()).most_common()]

    def find(self, name: str, limit: int, prefix: str = "") -> FoundImages:
        """The images that are nearest to an image of the store, or to a file; never the image itself.

        An image of the store is searched by the first of `models` that it has a vector of, a file by the first.

        Raises:
            UnknownImageError: there is neither such an image nor such a file.
            NoVectorError: the image could not be embedded, the file cannot be read, or its provider does not work here.
        """
        with self.database.connect_migrated() as connection:
            model, row, vector = self._stored(connection, name) or self._outside(name)
            store = self.database.store_name
            near = nearest_images(connection, store, model.model, model.revision, vector, limit + 1, prefix)
        rows = {each["image_id"]: each for each in self._rows([neighbour.image_id for neighbour in near])}
        images = [
            SimilarImage(each.path, each.cosine, _relation(row, rows.get(each.image_id, {})))
            for each in near
            if each.image_id != row.get("image_id")
        ]
        return FoundImages(images[:limit], self._note(model))

    def _note(self, model: ModelName) -> str:
        others = {key: other for key, other in self.used.items() if other != model}
        if not others:
            return ""
        named = ", ".join(f"{visible(key)} ({other})" for key, other in list(others.items())[:NAMED])
        more = f" and {len(others) - NAMED:,} more" if len(others) > NAMED else ""
        return (
            f"Searched by vectors of {model}. Partitions with those of another model are searched only where they have some "
            f"of this one as well: {named}{more}. A run over all partitions gives them one model."
        )

    def _rows(self, image_ids: list[int]) -> list[Row]:
        return self.images.rows.filter(self.images.rows["image_id"].is_in(image_ids)).to_dicts()

    def _stored(self, connection: psycopg.Connection, name: str) -> "_Asked | None":
        try:
            row = self.images.find(name)
        except UnknownImageError:
            if Path(name).is_file():
                return None
            raise
        for model in self.models:
            store, image_id = self.database.store_name, int(row["image_id"])
            vector = vector_of_image(connection, store, model.model, model.revision, image_id)
            if vector is not None:
                return model, row, vector
        raise NoVectorError(
            f"{visible(row['path'])} has no vector in the database: see its row in the table embeddings."
        )

    def _outside(self, name: str) -> "_Asked":
        try:
            data = Path(name).read_bytes()
            with IsolatedDecoder(1, DEADLINE_S) as decoder:
                thumbnail = decode_thumbnail(decoder.sketch(data, SENT_LIMITS).thumbnail)
        except (UnreadableImage, DecodingTimedOutError) as error:
            raise NoVectorError(f"{visible(name)} cannot be read: {error}") from error
        except OSError as error:
            raise NoVectorError(f"{visible(name)} cannot be read: {error.strerror}.") from error
        model = self.models[0]
        vector = self._embed(model, thumbnail)
        if not np.isfinite(vector).all():
            raise NoVectorError(f"{model.provider} could make nothing of {visible(name)}.")
        return model, {"file_sha256": sha256(data).digest()}, vector

    def _embed(self, model: ModelName, thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            choice = choose_embedder([model.provider], self.settings)
        except NoEmbedderError as error:
            raise NoVectorError(f"The store's vectors are of {model.provider}, which does not work: {error}") from error
        with choice:
            now = ModelName.of(choice.embedder)
            if now != model:
                raise NoVectorError(
                    f"The store's vectors are of {model}, but {model.provider} is now {now}: do `dedup-assets run` first."
                )
            return np.asarray(choice.embedder.embed([thumbnail])[0], np.float32)


_Asked = tuple[ModelName, Row, NDArray[np.float32]]
"""The model to search by, what the report says of the image (of a file only its content), and its vector."""


def _relation(asked: Row, found: Row) -> str:
    """What the report says of two images; "" for nothing."""
    is_of_group = "group_id" in asked and asked["group_id"] == found.get("group_id")
    told = "same bytes" if asked["file_sha256"] == found.get("file_sha256") else "same group" if is_of_group else ""
    of = f"duplicate of {visible(found['representative_path'])}" if found.get("status") == "Duplicate" else ""
    return ", ".join(filter(None, (told, of)))
