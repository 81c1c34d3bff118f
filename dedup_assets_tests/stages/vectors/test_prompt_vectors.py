"""Prompts of real partitions, claimed in a real database; the encoder is a few lines."""

import threading
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
import psycopg
import pytest
from numpy.typing import NDArray

from dedup_assets.resources.database.migrations import migrate
from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.prompt_rows import claim_prompts
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.stage import PartitionWork
from dedup_assets.stages.vectors.prompt_vectors import ClaimTiming, PromptVectors, distinct_prompts
from dedup_assets.tables import EMBEDDINGS, METADATA_HASHES
from dedup_assets_tests.assets.conftest import database_url, server  # noqa: F401
from dedup_assets_tests.conftest import CollectionOf

SOON = ClaimTiming(lease_s=1.0, look_again_s=0.05)


class Letters:
    """Encodes a prompt as the numbers of its letters, and notes what it was asked for."""

    name, model, revision, dimension = "letters", "letters", "1", 4

    def __init__(self, before: Callable[[], object] = lambda: None) -> None:
        self.asked: list[str] = []
        self._before = before

    def encode(self, prompts: Sequence[str]) -> NDArray[np.float32]:
        self._before()
        self.asked += prompts
        return np.array([[1.0, *(prompt.count(letter) for letter in "abc")] for prompt in prompts], np.float32)


@pytest.fixture
def tables(collection_of: CollectionOf) -> TableStore:
    return collection_of({}).tables()


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection]:  # noqa: F811
    with psycopg.connect(database_url) as connection:
        migrate(connection)
        yield connection


def write_prompts(tables: TableStore, key: str, prompts: Sequence[str]) -> None:
    """One image a prompt, as `metadata_hashes` has it."""
    nothing: dict[str, Any] = dict.fromkeys(METADATA_HASHES.column_names)
    rows = [
        nothing
        | {"image_id": number, "file_sha256": sha256(f"{key}{number}".encode()).digest(), "tool": "a1111"}
        | {"parser_version": "1", "parameters": "{}", "prompt": prompt, "prompt_sha256": digest(prompt)}
        for number, prompt in enumerate(prompts, start=1)
    ]
    tables.rewrite(METADATA_HASHES, key, METADATA_HASHES.frame(rows), "written")


def digest(prompt: str) -> str:
    return sha256(prompt.encode()).hexdigest()


def embed(tables: TableStore, key: str, encoder: Letters, database: psycopg.Connection) -> PartitionWork:
    said: list[str] = []
    work = PartitionWork(key, "", False, tables.commit_of(EMBEDDINGS, key))
    PromptVectors(tables, said.append, encoder, ProgressReporter(every_s=1_000), SOON).embed_missing(work, database)
    return work


def test_the_most_used_prompt_comes_first_and_each_only_once(tables: TableStore) -> None:
    write_prompts(tables, "a", ["once", "thrice", "twice", "thrice", "twice", "thrice"])
    prompts = distinct_prompts(tables, "a")
    assert prompts.select("prompt", "images").rows() == [("thrice", 3), ("twice", 2), ("once", 1)]


def test_a_prompt_is_computed_once_across_partitions_and_runs(tables: TableStore, database: psycopg.Connection) -> None:
    write_prompts(tables, "a", ["a cab", "a bad", "a cab"])
    write_prompts(tables, "b", ["a bad", "a dab"])
    encoder = Letters()
    assert embed(tables, "a", encoder, database).counts == {
        "letters_hits": 0,
        "letters_misses": 2,
        "letters_hit_rate": 0.0,
    }
    assert embed(tables, "b", encoder, database).counts == {
        "letters_hits": 1,
        "letters_misses": 1,
        "letters_hit_rate": 0.5,
    }
    assert embed(tables, "b", encoder, database).counts["letters_misses"] == 0
    assert encoder.asked == ["a cab", "a bad", "a dab"]
    rows = tables.read_many(EMBEDDINGS)
    assert set(rows["content_key"]) == {digest(prompt) for prompt in encoder.asked}
    assert database.execute("SELECT count(*) FROM dedup.prompt_embedding").fetchone() == (3,)
    assert database.execute("SELECT count(*) FROM dedup.prompt_claim").fetchone() == (0,)


def test_what_a_worker_is_at_another_waits_for_instead_of_computing_it(
    tables: TableStore, database: psycopg.Connection
) -> None:
    for key in ("a", "b"):
        write_prompts(tables, key, ["a cab", "a bad"])
    other_may_look, first_is_at_it = threading.Event(), threading.Event()

    def pause() -> None:
        first_is_at_it.set()
        other_may_look.wait(10)

    slow, quick = Letters(pause), Letters()
    with psycopg.connect(database.info.dsn) as own:
        first = threading.Thread(target=embed, args=(tables, "a", slow, own))
        first.start()
        assert first_is_at_it.wait(10)
        threading.Timer(0.3, other_may_look.set).start()
        counts = embed(tables, "b", quick, database).counts
        first.join()
    assert sorted(slow.asked) == ["a bad", "a cab"]
    assert quick.asked == []
    assert counts["letters_hits"] == 2


def test_the_prompts_of_a_killed_worker_are_computed_when_its_time_is_over(
    tables: TableStore, database: psycopg.Connection
) -> None:
    write_prompts(tables, "a", ["a cab", "a bad"])
    model = register_model(database, "letters", "1", 4)
    claim_prompts(database, model, "killed", [bytes.fromhex(digest("a cab"))], lease_s=0.5)
    encoder = Letters()
    assert embed(tables, "a", encoder, database).counts["letters_misses"] == 2
    assert encoder.asked == ["a bad", "a cab"]


def test_a_failing_encoder_gives_its_claims_up(tables: TableStore, database: psycopg.Connection) -> None:
    write_prompts(tables, "a", ["a cab"])

    def fail() -> None:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        embed(tables, "a", Letters(fail), database)
    assert database.execute("SELECT count(*) FROM dedup.prompt_claim").fetchone() == (0,)


def test_a_database_that_was_begun_anew_gets_the_vectors_back_from_the_table(
    tables: TableStore, database: psycopg.Connection
) -> None:
    write_prompts(tables, "a", ["a cab", "a bad"])
    encoder = Letters()
    embed(tables, "a", encoder, database)
    with database.transaction():
        database.execute("TRUNCATE dedup.embedding_model CASCADE")
    embed(tables, "a", encoder, database)
    assert len(encoder.asked) == 2
    assert database.execute("SELECT count(*) FROM dedup.prompt_embedding").fetchone() == (2,)
    assert tables.read(EMBEDDINGS, "a").height == 2


def test_rows_name_their_encoder(tables: TableStore, database: psycopg.Connection) -> None:
    write_prompts(tables, "a", ["a cab"])
    embed(tables, "a", Letters(), database)
    row = tables.read(EMBEDDINGS, "a").row(0, named=True)
    assert (row["subject"], row["provider"], row["model"], row["revision"]) == ("prompt", "letters", "letters", "1")
    assert row["image_id"] is None
    assert pl.Series(row["vector"]).to_list() == [1.0, 2.0, 1.0, 1.0]
