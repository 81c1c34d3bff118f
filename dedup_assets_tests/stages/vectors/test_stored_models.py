"""Models whose vectors a store and its database hold."""

import psycopg
import pytest
from click.testing import CliRunner

from dedup_assets.assets import embeddings, similar_groups
from dedup_assets.cli import main
from dedup_assets.errors import StoredModelError
from dedup_assets.policies import EmbeddingPolicy
from dedup_assets.stages.vectors.kept_model import use_provider
from dedup_assets.stages.vectors.stored_models import find_stored_model, list_stored_models
from dedup_assets.tables import EMBEDDINGS, NEAREST_PICTURES
from dedup_assets_tests.assets.conftest import (  # noqa: F401
    database_url,
    grouped,
    grouped_once,
    server,
)
from dedup_assets_tests.assets.stages import Stages, total

OLD, NEW = "rootsift-vlad64-pca256@2", "dhash-16x16@1"
pytestmark = pytest.mark.usefixtures("database_url")


@pytest.fixture
def changed(grouped: Stages) -> Stages:  # noqa: F811
    """A collection that was embedded by the descriptor, and then by dhash, and searched for copies by both."""
    grouped.run(embeddings, similar_groups)
    use_provider(grouped.tables, EmbeddingPolicy(), "dhash")
    grouped.run(embeddings, similar_groups)
    return grouped


def test_a_changed_model_leaves_the_old_vectors_until_they_are_dropped(changed: Stages, database_url: str) -> None:  # noqa: F811
    assert [(str(each.name), each.images, each.is_in_use) for each in list_stored_models(changed.tables)] == [
        (NEW, 5, True),
        (OLD, 5, False),
    ]
    store = changed.collection.store
    listed = CliRunner().invoke(main, ["embeddings", "--store", store]).output
    assert listed.splitlines() == [
        f"{NEW}  dhash  5 images  0 prompts  in use",
        f"{OLD}  descriptor  5 images  0 prompts",
    ]
    dropped = CliRunner().invoke(main, ["embeddings", "--store", store, "--drop", OLD])
    assert dropped.output == f"Dropped 5 vectors of {OLD}.\n"
    assert [str(each.name) for each in list_stored_models(changed.tables)] == [NEW]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT model FROM dedup.embedding_model").fetchall() == [("dhash-16x16",)]
        assert connection.execute("SELECT count(*) FROM dedup.image_embedding").fetchone() == (5,)
    again = changed.run(embeddings)[EMBEDDINGS.name]
    assert {note["skipped"] for note in again.values()} == {True}
    assert total(again, "embedded_images") == 0


def test_the_neighbours_by_a_dropped_model_go_with_its_vectors_and_those_by_others_stay(changed: Stages) -> None:
    def listed() -> dict[str, int]:
        tables = changed.tables
        return {key: tables.read(NEAREST_PICTURES, key).height for key in tables.partitions(NEAREST_PICTURES)}

    old, new = OLD.replace("@", " "), NEW.replace("@", " ")
    assert listed() == {old: 5, new: 5}
    CliRunner().invoke(main, ["embeddings", "--store", changed.collection.store, "--drop", OLD])
    assert listed() == {old: 0, new: 5}
    use_provider(changed.tables, EmbeddingPolicy(), "descriptor")
    changed.run(embeddings, similar_groups)
    assert listed() == {old: 5, new: 5}


def test_a_drop_that_was_cut_short_can_be_done_again(changed: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["embeddings", "--store", changed.collection.store, "--drop", OLD]
    with monkeypatch.context() as away:
        away.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:9/images")
        assert CliRunner().invoke(main, command).exit_code == 1
    assert CliRunner().invoke(main, command).output == f"Dropped 5 vectors of {OLD}.\n"


def test_a_model_in_use_or_unknown_is_not_dropped(changed: Stages) -> None:
    models = list_stored_models(changed.tables)
    with pytest.raises(StoredModelError, match="is in use: take another model"):
        find_stored_model(models, NEW)
    with pytest.raises(
        StoredModelError, match=r"no vectors of 'clip@1' here; of these there are: dhash-16x16@1, rootsift"
    ):
        find_stored_model(models, "clip@1")
    refused = CliRunner().invoke(main, ["embeddings", "--store", changed.collection.store, "--drop", NEW])
    assert refused.exit_code == 1
    assert len(list_stored_models(changed.tables)) == 2


def test_an_empty_store_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    result = CliRunner().invoke(main, ["embeddings", "--store", str(tmp_path_factory.mktemp("empty"))])
    assert result.output == "There are no vectors yet.\n"
