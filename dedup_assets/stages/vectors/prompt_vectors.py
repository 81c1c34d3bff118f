"""One vector a distinct prompt and encoder: which still need one, and computing each in one worker only.

Belongs here: the work of `embeddings` on prompts. Does not belong here: the encoders (`embedders/prompts.py`), claims and
vectors in PostgreSQL (`resources/database/prompt_rows.py`, `resources/database/vectors.py`).

A worker claims prompts, computes their vectors, commits them to the table, stores them in the database and only then gives
the claims up: whoever comes next finds the vectors, and of a killed worker at most the claimed prompts are done again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import polars as pl
import psycopg
from numpy.typing import NDArray

from dedup_assets.embedders.protocol import ModelName, PromptEncoder
from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.prompt_rows import (
    LEASE_S,
    claim_prompts,
    release_prompts,
    stored_prompts,
)
from dedup_assets.resources.database.vectors import store_vectors
from dedup_assets.resources.progress import ProgressReporter, Tracker
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.stage import PartitionWork
from dedup_assets.stages.vectors.vector_rows import KnownVectors, read_vectors, vector_rows
from dedup_assets.tables import EMBEDDINGS, METADATA_HASHES

CLAIMED_AT_ONCE = 256
ENCODED_AT_ONCE = 32
"""Prompts between two renewals of the claims."""

LOOK_AGAIN_S = 1.0
"""Seconds until prompts that another worker holds are asked for again."""


@dataclass(frozen=True)
class ClaimTiming:
    """How long a claim holds without being renewed, and how often those of others are looked at."""

    lease_s: float = LEASE_S
    look_again_s: float = LOOK_AGAIN_S


def distinct_prompts(tables: TableStore, key: str) -> pl.DataFrame:
    """The distinct prompts of a partition, those of most images first: prompt_sha256 (hex), prompt, images."""
    rows = tables.read(METADATA_HASHES, key, ["prompt_sha256", "prompt"]).drop_nulls()
    return (
        rows.group_by("prompt_sha256")
        .agg(prompt=pl.col("prompt").first(), images=pl.len())
        .sort("images", "prompt_sha256", descending=[True, False])
    )


class PromptVectors:
    """The prompts that one run embeds with one encoder."""

    def __init__(
        self,
        tables: TableStore,
        log: Callable[[str], None],
        encoder: PromptEncoder,
        progress: ProgressReporter,
        timing: ClaimTiming = ClaimTiming(),
    ) -> None:
        self._tables, self._log, self._encoder, self._progress = tables, log, encoder, progress
        self._timing = timing
        self._known = KnownVectors(tables, "prompt", ModelName.of(encoder))

    def embed_missing(self, work: PartitionWork, connection: psycopg.Connection) -> None:
        """Embed the prompts of a partition that have no vector of this model; counts hits, misses and the hit rate."""
        prompts, encoder = distinct_prompts(self._tables, work.key), self._encoder
        missing = self._unknown(prompts, work)
        name, encoded = f"prompts of {work.key} by {encoder.name}", 0
        claims = _Claims(connection, encoder, self._timing.lease_s)
        with self._progress.track(self._log, name, missing.height, "prompts") as tracker:
            try:
                for claimed in self._claimed(missing, work, claims, tracker):
                    encoded += claimed.height
                    self._compute(work, claimed, claims)
                    tracker.advance(claimed.height)
            finally:
                claims.release()
        self._restore(work, claims)
        work.counts |= _hit_rate(encoder.name, prompts.height, encoded)

    def _claimed(
        self, missing: pl.DataFrame, work: PartitionWork, claims: "_Claims", tracker: Tracker
    ) -> Iterator[pl.DataFrame]:
        """Prompts that this worker alone holds, the most used first, until none is missing any more."""
        while missing.height:
            held = claims.claim(missing[:CLAIMED_AT_ONCE])
            mine = self._still_unknown(missing.filter(_is_among(held)), work, claims)
            if mine.height:
                yield mine
            claims.release()
            left = missing.filter(~_is_among(held))
            if not held:
                time.sleep(self._timing.look_again_s)
                self._known.read_again()
                left = self._unknown(left, work)
            tracker.advance(missing.height - left.height - mine.height)
            missing = left

    def _still_unknown(self, claimed: pl.DataFrame, work: PartitionWork, claims: "_Claims") -> pl.DataFrame:
        """Of the claimed prompts, those that no other worker finished between our look at the table and our claim."""
        if not claims.stored(_hashes(claimed)):
            return claimed
        self._known.read_again()
        return self._unknown(claimed, work)

    def _unknown(self, prompts: pl.DataFrame, work: PartitionWork) -> pl.DataFrame:
        return prompts.filter(~pl.col("prompt_sha256").is_in(self._known.known_to(work.commit).implode()))

    def _compute(self, work: PartitionWork, prompts: pl.DataFrame, claims: "_Claims") -> None:
        encoder, parts = self._encoder, []
        for batch in prompts.iter_slices(ENCODED_AT_ONCE):
            parts.append(encoder.encode(batch["prompt"].to_list()))
            claims.claim(prompts)
        vectors = np.concatenate(parts)
        broken = f"{encoder.name} could make nothing of this prompt."
        rows = vector_rows(
            "prompt", ModelName.of(encoder), prompts["prompt_sha256"], [None] * prompts.height, vectors, broken
        )
        work.commit = self._tables.append(work.commit, EMBEDDINGS, rows)
        claims.store(_hashes(prompts), vectors)

    def _restore(self, work: PartitionWork, claims: "_Claims") -> None:
        """Bring a database that was begun anew up to date with this partition."""
        encoder = self._encoder
        hashes, vectors = read_vectors(self._tables, work.key, "prompt", ModelName.of(encoder), encoder.dimension)
        stored = claims.stored(hashes)
        rows = [row for row, sha256 in enumerate(hashes) if sha256 not in stored]
        claims.store([hashes[row] for row in rows], vectors[rows])


class _Claims:
    """One worker's share of the prompts of one model, in the database."""

    def __init__(self, connection: psycopg.Connection, encoder: PromptEncoder, lease_s: float) -> None:
        self._connection, self._encoder, self._worker, self._lease_s = connection, encoder, uuid4().hex, lease_s
        self._model_id = register_model(connection, encoder.model, encoder.revision, encoder.dimension)

    def claim(self, prompts: pl.DataFrame) -> set[bytes]:
        return claim_prompts(self._connection, self._model_id, self._worker, _hashes(prompts), self._lease_s)

    def release(self) -> None:
        release_prompts(self._connection, self._worker)

    def stored(self, sha256s: Sequence[bytes]) -> set[bytes]:
        return stored_prompts(self._connection, self._model_id, sha256s)

    def store(self, sha256s: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        usable = np.isfinite(vectors).all(axis=1)
        good: list[int] = np.flatnonzero(usable).tolist()
        model, revision, hashes = self._encoder.model, self._encoder.revision, [sha256s[row] for row in good]
        store_vectors(self._connection, model, revision, hashes, vectors[good], "prompt")


def _hashes(prompts: pl.DataFrame) -> list[bytes]:
    return [bytes.fromhex(text) for text in prompts["prompt_sha256"]]


def _is_among(sha256s: set[bytes]) -> pl.Expr:
    return pl.col("prompt_sha256").is_in([sha256.hex() for sha256 in sha256s])


def _hit_rate(name: str, distinct: int, encoded: int) -> dict[str, int | float]:
    hits = distinct - encoded
    rate = {f"{name}_hit_rate": round(hits / distinct, 4)} if distinct else {}
    return {f"{name}_hits": hits, f"{name}_misses": encoded, **rate}
