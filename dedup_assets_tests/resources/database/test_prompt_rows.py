import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from dedup_assets.errors import VectorError
from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.prompt_rows import (
    claim_prompts,
    release_prompts,
    remove_prompts,
    stored_prompts,
    use_prompts,
)
from dedup_assets.resources.database.vectors import store_vectors
from dedup_assets_tests.resources.database.rows import enter

LETTERS = ("letters", "1")
A, B, C = (sha256(name.encode()).digest() for name in "abc")


def model_of(database: psycopg.Connection) -> int:
    return register_model(database, *LETTERS, 4)


def store(database: psycopg.Connection, *sha256s: bytes) -> int:
    """Write vectors of prompts; returns how many rows were new or changed."""
    return store_vectors(database, *LETTERS, sha256s, units(len(sha256s)), "prompt")


def units(count: int) -> NDArray[np.float32]:
    return np.eye(4, dtype=np.float32)[:count]


def test_a_prompt_that_one_worker_holds_is_not_given_to_another(database: psycopg.Connection) -> None:
    model = model_of(database)
    assert claim_prompts(database, model, "one", [A, B]) == {A, B}
    assert claim_prompts(database, model, "two", [B, C]) == {C}
    assert claim_prompts(database, model, "one", [A, B]) == {A, B}
    release_prompts(database, "one")
    assert claim_prompts(database, model, "two", [A, B, C]) == {A, B, C}


def test_two_workers_at_the_same_time_share_the_prompts_without_waiting_for_each_others_work(
    database: psycopg.Connection,
) -> None:
    model = model_of(database)
    with psycopg.connect(database.info.dsn) as other:
        first = claim_prompts(database, model, "one", [A, B])
        second = claim_prompts(other, model, "two", [A, B, C])
    assert (first, second) == ({A, B}, {C})


def test_giving_claims_up_and_asking_for_them_at_the_same_time_never_lock_each_other_out(
    database: psycopg.Connection,
) -> None:
    model, (low, high) = model_of(database), sorted([A, B])
    claim_prompts(database, model, "one", [high])
    claim_prompts(database, model, "one", [low])
    database.commit()
    with psycopg.connect(database.info.dsn) as other, ThreadPoolExecutor(1) as thread:
        with other.transaction():
            assert claim_prompts(other, model, "two", [low]) == set()
            releasing = thread.submit(release_prompts, database, "one")
            time.sleep(0.2)
            assert claim_prompts(other, model, "two", [high]) == set()
        releasing.result()
    assert claim_prompts(database, model, "two", [A, B]) == {A, B}


def test_the_claims_of_a_killed_worker_end_with_their_time(database: psycopg.Connection) -> None:
    model = model_of(database)
    claim_prompts(database, model, "killed", [A, B], lease_s=0.2)
    assert claim_prompts(database, model, "next", [A, B]) == set()
    time.sleep(0.3)
    assert claim_prompts(database, model, "next", [A, B]) == {A, B}
    assert claim_prompts(database, model, "killed", [A]) == set()


def test_vectors_are_stored_once_and_forgotten_with_their_prompts(database: psycopg.Connection) -> None:
    model = model_of(database)
    assert store(database, A, B) == 2
    assert store(database, A, B) == 0
    assert stored_prompts(database, model, [A, C]) == {A}
    use_prompts(database, enter(database), [A, B])
    assert remove_prompts(database, enter(database), {A, C}) == 1
    assert stored_prompts(database, model, [A, B, C]) == {A}
    assert store(database) == 0


def test_a_prompt_that_another_store_has_keeps_its_vector(database: psycopg.Connection) -> None:
    model, one, other = model_of(database), enter(database, "one"), enter(database, "other")
    store(database, A, B)
    use_prompts(database, one, [A, B])
    use_prompts(database, other, [B])
    assert remove_prompts(database, one, set()) == 1
    assert stored_prompts(database, model, [A, B]) == {B}
    assert remove_prompts(database, other, {C}) == 1


def test_a_vector_of_nothing_is_refused(database: psycopg.Connection) -> None:
    with pytest.raises(VectorError, match="is zero"):
        store_vectors(database, *LETTERS, [A], np.zeros((1, 4), np.float32), "prompt")


def test_an_encoder_of_prompts_becomes_the_model_of_no_store(database: psycopg.Connection) -> None:
    assert model_of(database) == model_of(database)
    assert database.execute("SELECT count(model_id) FROM dedup.store").fetchone() == (0,)
