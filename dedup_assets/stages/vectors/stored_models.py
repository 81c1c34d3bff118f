"""The models whose vectors a store holds: which there are, which are in use, and dropping one on purpose.

Belongs here: looking across all partitions of `embeddings`, and keeping table and database alike. Does not belong here: the
command (`commands/embeddings.py`), computing vectors (`embedders/`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dedup_assets.embedders.protocol import ModelName
from dedup_assets.errors import StoredModelError
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.models import drop_model
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.vectors.nearest_pictures import forget_neighbours
from dedup_assets.tables import EMBEDDINGS


@dataclass(frozen=True)
class StoredModel:
    """One model: how many pictures and prompts have a row of it, and whether a partition's last run used it."""

    name: ModelName
    images: int
    prompts: int
    is_in_use: bool

    @property
    def note(self) -> str:
        """A word for those in use."""
        return "  in use" if self.is_in_use else ""


def list_stored_models(tables: TableStore) -> list[StoredModel]:
    """All models with a row in any partition, sorted by name; only the columns that name them are read."""
    keys = tables.partitions(EMBEDDINGS)
    counts = pl.concat(
        [pl.DataFrame(schema=dict.fromkeys((*ModelName._fields, "subject"), pl.String) | {"rows": pl.UInt32})]
        + [
            tables.read(EMBEDDINGS, key, [*ModelName._fields, "subject"])
            .group_by(*ModelName._fields, "subject")
            .agg(rows=pl.len())
            for key in keys
        ],
        how="vertical_relaxed",
    )
    used = {name for key in keys for name in _in_use(tables, key)}
    rows = counts.group_by(ModelName._fields).agg(
        images=pl.col("rows").filter(pl.col("subject") == "image").sum(),
        prompts=pl.col("rows").filter(pl.col("subject") == "prompt").sum(),
    )
    return [
        StoredModel(name := ModelName(*named), images, prompts, name.stored in used)
        for *named, images, prompts in rows.sort("model", "revision", "provider").iter_rows()
    ]


def find_stored_model(models: Sequence[StoredModel], name: str) -> StoredModel:
    """The model that a person named.

    Raises:
        StoredModelError: there is none of this name, or it is in use.
    """
    found = next((model for model in models if str(model.name) == name), None)
    if found is None:
        known = ", ".join(str(model.name) for model in models) or "none"
        raise StoredModelError(f"There are no vectors of '{name}' here; of these there are: {known}.")
    if found.is_in_use:
        raise StoredModelError(
            f"{name} is in use: take another model (`embeddings use`) and run once, then it can be dropped."
        )
    return found


def drop_stored_model(tables: TableStore, database: DatabaseResource, model: StoredModel) -> int:
    """Drop all vectors of a model, and the neighbours they have, from tables and database; returns how many rows it had.

    Doing it again after a kill drops what is left: the rows that name the model go last. Rows of other models keep their
    parts, so that no later stage runs again.
    """
    with database.connect_migrated() as connection:
        drop_model(connection, model.name.model, model.name.revision, database.store_name)
    forget_neighbours(tables, model.name)
    other = (pl.col("model") != model.name.model) | (pl.col("revision") != model.name.revision)
    removed = 0
    for before in tables.commits(EMBEDDINGS):
        after = tables.filter_rows(before, EMBEDDINGS, ["model", "revision"], other)
        while after.strangers:  # a run has written meanwhile
            before = tables.commit_of(EMBEDDINGS, before.partition)
            after = tables.filter_rows(before, EMBEDDINGS, ["model", "revision"], other)
        removed += before.rows - after.rows
    return removed


def _in_use(tables: TableStore, key: str) -> list[str]:
    details = tables.commit_of(EMBEDDINGS, key).details
    return [f"{details.get('model')} {details.get('revision')}", *details.get("prompt_models", ())]
