import numpy as np
import pytest

from dedup_assets.embedders.protocol import ModelName
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.vectors.vector_rows import KnownVectors, read_vectors, vector_rows
from dedup_assets.tables import EMBEDDINGS
from dedup_assets_tests.conftest import CollectionOf

NAME = ModelName("test", "m", "1")
ONE, TWO = "11" * 32, "22" * 32


@pytest.fixture
def tables(collection_of: CollectionOf) -> TableStore:
    return collection_of({}).tables()


def test_a_vector_without_numbers_becomes_a_row_with_its_reason() -> None:
    vectors = np.array([[1.0, 0.0], [np.nan, 0.0]], np.float32)
    rows = vector_rows("image", NAME, [ONE, TWO], [1, None], vectors, "It is broken.")
    assert rows["vector"].to_list() == [[1.0, 0.0], None]
    assert rows["error"].to_list() == [None, "It is broken."]
    assert rows["image_id"].to_list() == [1, None]


def test_only_vectors_of_the_same_subject_model_and_revision_are_known(tables: TableStore) -> None:
    for partition, subject, name in (
        ("a", "image", NAME),
        ("b", "image", NAME._replace(revision="2")),
        ("c", "prompt", NAME),
    ):
        tables.append(
            Commit("embeddings", partition),
            EMBEDDINGS,
            vector_rows(subject, name, [ONE], [None], np.ones((1, 2), np.float32), ""),
        )
    known = KnownVectors(tables, "image", NAME)
    assert known.known_to(Commit("embeddings", "b")).to_list() == [ONE]
    assert known.known_to(Commit("embeddings", "a")).to_list() == []
    sha256s, matrix = read_vectors(tables, "a", "image", NAME, 2)
    assert sha256s == [bytes.fromhex(ONE)]
    assert matrix.tolist() == [[1.0, 1.0]]
    assert read_vectors(tables, "b", "image", NAME, 2)[1].shape == (0, 2)


def test_what_another_run_wrote_is_known_once_it_is_read_again(tables: TableStore) -> None:
    known = KnownVectors(tables, "image", NAME)
    assert known.known_to(Commit("embeddings", "b")).is_empty()
    tables.append(
        Commit("embeddings", "a"), EMBEDDINGS, vector_rows("image", NAME, [ONE], [1], np.ones((1, 2), np.float32), "")
    )
    assert known.known_to(Commit("embeddings", "b")).is_empty()
    known.read_again()
    assert known.known_to(Commit("embeddings", "b")).to_list() == [ONE]
