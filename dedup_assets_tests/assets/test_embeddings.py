from typing import Any

import dagster as dg
import numpy as np
import polars as pl
import psycopg
import pytest
from pgvector.psycopg import register_vector

from dedup_assets.assets import embeddings
from dedup_assets.assets.embeddings import EmbeddingPolicy, every_kept_picture_is_embedded
from dedup_assets.tables import EMBEDDINGS, REPRESENTATIVES
from dedup_assets_tests.assets.stages import GROUPING, Notes, Stages, total
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


def is_complete(stages: Stages) -> bool:
    result = every_kept_picture_is_embedded(collection=stages.collection)
    assert isinstance(result, dg.AssetCheckResult)
    return result.passed


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
    assert total(embed(grouped, embedding_policy=DHASH), "embedded_images") == len(KEPT)
    for model in ("rootsift-vlad64-pca256", "dhash-16x16"):
        assert embedded_paths(grouped, model) == KEPT
    counts = stored(database_url, "count(*)", "image_embedding GROUP BY model_id")
    assert counts == [(len(KEPT),), (len(KEPT),)]
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


def test_the_provider_in_use_and_why_others_are_not_stand_on_every_materialization(grouped: Stages) -> None:
    policy = EmbeddingPolicy(providers=["open_clip", "http", "dhash"])
    notes = embed(grouped, embedding_policy=policy)
    for note in (*notes.values(), *embed(grouped, embedding_policy=policy).values()):
        assert (note["provider"], note["model"]) == ("dhash", "dhash-16x16")
        assert [reason.split(":")[0] for reason in note["fallback_reasons"]] == ["open_clip", "http"]
