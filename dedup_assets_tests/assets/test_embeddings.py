from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
import psycopg
import pytest
from pgvector.psycopg import register_vector

from dedup_assets.assets import embeddings
from dedup_assets.assets.embeddings import every_kept_picture_is_embedded
from dedup_assets.embedders.chain import EmbedderChoice
from dedup_assets.embedders.devices import Load, ProcessesEmbedder
from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.embedders.protocol import Image, Vectors
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderConfigurationError, EmbedderUnavailableError
from dedup_assets.policies import EmbeddingPolicy, LastLevel, SimilarityPolicy
from dedup_assets.stages.vectors.kept_model import use_provider
from dedup_assets.tables import EMBEDDINGS, IMAGE_FEATURES, REPRESENTATIVES
from dedup_assets_tests.assets.stages import GROUPING, Notes, Stages, interrupted, total
from dedup_assets_tests.embedders.models import SMALL_CLIP, open_clip_checkpoint, sentence_transformer
from dedup_assets_tests.embedders.processes import (
    is_any_alive,
    load_faulty,
    load_noting,
    load_stopping,
    processes_of,
)
from dedup_assets_tests.embedders.serving import serving
from dedup_assets_tests.photographs import make_photograph, png

NAME = EMBEDDINGS.name
KEPT = {"shop/blue.jpg", "shop/red.jpg", "web/drawn final.png", "web/drawn other.png", "web/red cropped.jpg"}
DHASH = EmbeddingPolicy(providers=["dhash"])

pytestmark = pytest.mark.usefixtures("database_url")


def embed(stages: Stages, **resources: Any) -> Notes:
    return stages.run(embeddings, **resources)[NAME]


def embedded_paths(stages: Stages, model: str) -> set[str]:
    rows = stages.tables.read_many(EMBEDDINGS).filter(pl.col("model") == model)
    contents = {bytes.fromhex(key) for key in rows["content_key"]}
    return {
        path
        for path, row in stages.rows(REPRESENTATIVES).items()
        if row["file_sha256"] in contents and row["is_representative"]
    }


def stored(url: str, columns: str, table: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        register_vector(connection)
        return connection.execute(f"SELECT {columns} FROM dedup.{table}".encode()).fetchall()


def is_complete(stages: Stages, policy: SimilarityPolicy | None = None) -> bool:
    result = every_kept_picture_is_embedded(
        collection=stages.collection, similarity_policy=policy or SimilarityPolicy()
    )
    assert isinstance(result, dg.AssetCheckResult)
    return result.passed


def test_a_line_that_ends_before_copies_leaves_vectors_as_they_are_and_misses_none(grouped: Stages) -> None:
    near = SimilarityPolicy(level=LastLevel.NEAR)
    notes = embed(grouped, similarity_policy=near)
    assert {note["not_looked_for"] for note in notes.values()} == {"copy, similar"}
    assert grouped.tables.partitions(EMBEDDINGS) == []
    assert is_complete(grouped, near)
    assert not is_complete(grouped)


def test_a_partition_that_another_run_begins_while_it_is_checked_is_judged_as_it_was(grouped: Stages) -> None:
    embed(grouped)

    def meanwhile() -> None:
        commit = grouped.tables.commit_of(EMBEDDINGS, "shop")
        grouped.tables.publish(replace(commit, fingerprint=None, details={}))

    assert is_complete(interrupted(grouped, REPRESENTATIVES, meanwhile))
    assert grouped.tables.commit_of(EMBEDDINGS, "shop").details == {}


def test_what_is_embedded_before_another_run_comes_first_is_counted(grouped: Stages) -> None:
    def meanwhile() -> None:
        grouped.run(embeddings)

    notes = interrupted(grouped, IMAGE_FEATURES, meanwhile).run(embeddings)[NAME]
    rows = grouped.tables.read_many(EMBEDDINGS)
    assert rows.height == len(KEPT)
    assert total(notes, "embedded_images") == len(KEPT)


def test_kept_pictures_are_embedded_once_and_a_second_run_embeds_none(grouped: Stages) -> None:
    assert total(embed(grouped), "embedded_images") == len(KEPT)
    assert embedded_paths(grouped, "rootsift-vlad64-pca256") == KEPT
    again = embed(grouped)
    assert total(again, "embedded_images") == total(again, "written_to_database") == 0
    assert {note["skipped"] for note in again.values()} == {True}


def test_another_provider_embeds_into_a_space_of_its_own_and_the_first_is_found_again(
    grouped: Stages, database_url: str
) -> None:
    embed(grouped)
    use_provider(grouped.tables, DHASH, "dhash")
    assert total(embed(grouped), "embedded_images") == len(KEPT)
    for model in ("rootsift-vlad64-pca256", "dhash-16x16"):
        assert embedded_paths(grouped, model) == KEPT
    counts = stored(database_url, "count(*)", "image_embedding GROUP BY model_id")
    assert counts == [(len(KEPT),), (len(KEPT),)]
    use_provider(grouped.tables, DHASH, "descriptor")
    assert total(embed(grouped), "embedded_images") == 0


def test_database_and_parquet_hold_the_same_vectors_and_every_image_its_group(
    grouped: Stages, database_url: str
) -> None:
    embed(grouped)
    rows = grouped.tables.read_many(EMBEDDINGS)
    expected = {bytes.fromhex(row["content_key"]): row["vector"] for row in rows.iter_rows(named=True)}
    found = dict(stored(database_url, "file_sha256, embedding", "image_embedding"))
    assert found.keys() == expected.keys()
    for content, vector in found.items():
        assert np.allclose(vector.to_numpy(), expected[content], atol=1e-3)
    images = stored(database_url, "path, group_id, keep_rank, is_embedding_representative", "image")
    assert {path: tuple(rest) for path, *rest in images} == {
        path: (row["group_id"], row["keep_rank"], row["is_representative"])
        for path, row in grouped.rows(REPRESENTATIVES).items()
    }


def test_a_content_that_left_the_source_leaves_tables_and_database(grouped: Stages, database_url: str) -> None:
    embed(grouped)
    blue = grouped.rows(REPRESENTATIVES)["shop/blue.jpg"]["file_sha256"]
    grouped.remove("shop/blue.jpg")
    assert total(grouped.run(*GROUPING, embeddings)[NAME], "embedded_images") == 0
    assert blue.hex() not in grouped.tables.read_many(EMBEDDINGS)["content_key"].to_list()
    assert "shop/blue.jpg" not in {path for (path,) in stored(database_url, "path", "image")}
    assert blue not in {content for (content,) in stored(database_url, "file_sha256", "image_embedding")}


def test_a_picture_without_a_vector_says_why_and_one_without_a_row_fails_the_check(grouped: Stages) -> None:
    grouped.write({"shop/flat.png": png(np.full_like(make_photograph(1), 90))})
    grouped.run(*GROUPING)
    embed(grouped, embedding_policy=DHASH)
    errors = grouped.tables.read_many(EMBEDDINGS).filter(pl.col("vector").is_null())["error"].to_list()
    assert errors == ["dhash could make nothing of this picture."]
    assert is_complete(grouped)
    blue = grouped.rows(REPRESENTATIVES)["shop/blue.jpg"]["file_sha256"]
    grouped.drop(EMBEDDINGS, "shop", "content_key", [blue.hex()])
    assert not is_complete(grouped)


def test_kept_pictures_without_any_vectors_at_all_fail_the_check(grouped: Stages) -> None:
    result = every_kept_picture_is_embedded(collection=grouped.collection, similarity_policy=SimilarityPolicy())
    assert isinstance(result, dg.AssetCheckResult)
    assert (result.passed, result.metadata["partitions_missing"].value) == (False, 2)


def test_the_provider_in_use_and_why_others_are_not_stand_on_every_materialization(grouped: Stages) -> None:
    policy = EmbeddingPolicy(providers=["open_clip", "http", "dhash"])
    notes = embed(grouped, embedding_policy=policy)
    for note in (*notes.values(), *embed(grouped, embedding_policy=policy).values()):
        assert (note["provider"], note["model"]) == ("dhash", "dhash-16x16")
        assert [reason.split(":")[0] for reason in note["fallback_reasons"]] == ["open_clip", "http"]


class StopsAfter(DifferenceHashEmbedder):
    """Embeds a number of requests and then nothing but fails."""

    model = "served"

    def __init__(self, requests: int) -> None:
        super().__init__()
        self.left = requests

    def embed(self, images: Sequence[Image]) -> Vectors:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("out of memory")
        return super().embed(images)


def test_two_providers_fall_back_one_after_the_other_and_each_reason_is_told(grouped: Stages) -> None:
    policy = EmbeddingPolicy(
        providers=["open_clip", "http", "descriptor"],
        open_clip_checkpoint=f"{grouped.source}/no such model.pt",
        http_url="http://127.0.0.1:9/embeddings",
    )
    notes = embed(grouped, embedding_policy=policy)
    for note in notes.values():
        assert note["provider"] == "descriptor"
        open_clip, http = note["fallback_reasons"]
        assert open_clip.startswith("open_clip: there is no file")
        assert http.startswith("http: 127.0.0.1:9 does not answer")
    assert set(grouped.tables.read_many(EMBEDDINGS)["provider"]) == {"descriptor"}
    for key in grouped.tables.partitions(EMBEDDINGS):
        assert len(grouped.tables.commit_of(EMBEDDINGS, key).details["fallback_reasons"]) == 2


def test_a_provider_that_stops_half_way_ends_the_run_and_the_next_goes_on_with_the_same_model(grouped: Stages) -> None:
    with serving(StopsAfter(requests=2)) as url:  # the first asks what the service is, the second embeds one partition
        policy = EmbeddingPolicy(providers=["http", "dhash"], http_url=url, http_attempts=1)
        with pytest.raises(EmbedderUnavailableError, match=r"127\.0\.0\.1"):
            embed(grouped, embedding_policy=policy)
    done = embedded_paths(grouped, "served")
    assert set() < done < KEPT
    with serving(StopsAfter(requests=9)) as url:
        notes = embed(grouped, embedding_policy=EmbeddingPolicy(providers=["dhash"], http_url=url))
    assert total(notes, "embedded_images") == len(KEPT - done)
    assert embedded_paths(grouped, "served") == KEPT
    assert embedded_paths(grouped, "dhash-16x16") == set()


def test_a_wrong_address_of_a_service_stops_the_run_before_anything_is_embedded_by_another_provider(
    grouped: Stages,
) -> None:
    with serving(StopsAfter(requests=9)) as url:
        policy = EmbeddingPolicy(providers=["http", "dhash"], http_url=f"{url}/typo")
        with pytest.raises(EmbedderConfigurationError, match="answers with status 404: expected is"):
            embed(grouped, embedding_policy=policy)
    assert grouped.tables.read_many(EMBEDDINGS).is_empty()


def in_two_processes(load: Load, folder: Path) -> EmbeddingPolicy:
    """A policy whose first provider runs in processes that leave their numbers in a folder."""
    settings = EmbedderSettings(model_cache=str(folder))

    class InTwoProcesses(EmbeddingPolicy):
        def choose(self) -> EmbedderChoice:
            return EmbedderChoice(ProcessesEmbedder(load, settings, ("cpu", "cpu")), ())

    return InTwoProcesses(providers=["dhash", "descriptor"])


def test_the_processes_of_a_provider_end_with_the_stage(grouped: Stages, tmp_path: Path) -> None:
    (folder := tmp_path / "processes").mkdir()
    notes = embed(grouped, embedding_policy=in_two_processes(load_noting, folder))
    assert {note["provider"] for note in notes.values()} == {"dhash"}
    assert processes_of(folder)
    assert not is_any_alive(folder)


@pytest.mark.parametrize(
    ("load", "error"), [(load_stopping, EmbedderUnavailableError), (load_faulty, ZeroDivisionError)]
)
def test_the_processes_of_a_provider_end_with_a_stage_that_fails(
    grouped: Stages, tmp_path: Path, load: Load, error: type[Exception]
) -> None:
    (folder := tmp_path / "processes").mkdir()
    with pytest.raises(error):
        embed(grouped, embedding_policy=in_two_processes(load, folder))
    assert processes_of(folder)
    assert not is_any_alive(folder)


def test_without_any_encoder_the_reason_stands_where_the_provider_stands(grouped: Stages) -> None:
    (note, *_) = embed(grouped, embedding_policy=EmbeddingPolicy(prompt_encoders=["clip_l"])).values()
    assert note["prompt_encoders_missing"] == ["clip_l: no checkpoint is configured"]
    assert note["prompt_models"] == []
    (note, *_) = embed(grouped).values()
    assert note["prompt_encoders_missing"] == []


def test_what_embedding_every_image_would_have_cost_is_stated(grouped: Stages) -> None:
    notes = embed(grouped)
    images = sum(note["embedded_images"] + note["duplicates_without_need"] for note in notes.values())
    assert images == len(grouped.rows(REPRESENTATIVES))
    assert total(notes, "vector_bytes_saved") == total(notes, "duplicates_without_need") * 256 * 2
    assert all(note["embedding_seconds_saved"] >= 0 for note in notes.values())


@pytest.mark.models
def test_prompts_of_generated_pictures_are_embedded_once_by_every_encoder(
    grouped: Stages, database_url: str, tmp_path: Path
) -> None:
    policy = EmbeddingPolicy(
        providers=["dhash"],
        prompt_encoders=["bge", "clip_l"],
        bge_model=str(sentence_transformer(tmp_path)),
        clip_l_model=SMALL_CLIP,
        clip_l_checkpoint=str(open_clip_checkpoint(tmp_path)),
    )
    notes = embed(grouped, embedding_policy=policy)
    assert total(notes, "bge_misses") == total(notes, "clip_l_misses") == 1
    assert total(notes, "bge_hits") == 1
    prompts = grouped.tables.read_many(EMBEDDINGS).filter(pl.col("subject") == "prompt")
    assert sorted(prompts["provider"]) == ["bge", "clip_l"]
    assert prompts["content_key"].n_unique() == 1
    assert stored(database_url, "count(*)", "prompt_embedding") == [(2,)]
    again = embed(grouped, embedding_policy=policy)
    assert {note["skipped"] for note in again.values()} == {True}


@pytest.mark.models
def test_pictures_are_embedded_by_a_real_model(grouped: Stages, tmp_path: Path) -> None:
    checkpoint = str(open_clip_checkpoint(tmp_path))
    policy = EmbeddingPolicy(open_clip_model=SMALL_CLIP, open_clip_checkpoint=checkpoint)
    notes = embed(grouped, embedding_policy=policy)
    assert {(note["provider"], len(note["fallback_reasons"])) for note in notes.values()} == {("open_clip", 0)}
    assert embedded_paths(grouped, SMALL_CLIP) == KEPT
    assert total(embed(grouped, embedding_policy=policy), "embedded_images") == 0
