"""What all stages share, on a stage of the smallest kind."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
import pytest
from pydantic import Field, ValidationError

from dedup_assets.partitions import blob_prefix
from dedup_assets.policies import Policy, digest_of
from dedup_assets.report.plots import distance_histogram
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.stage import MAX_ILLUSTRATED_PARTITIONS, PREVIEW_ROWS, Stage, preview_of
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST
from dedup_assets_tests.conftest import CollectionOf
from dedup_assets_tests.materializing import SILENT, instance_of
from dedup_assets_tests.stages.test_table_assets import SHOES

SHOES_A_PARTITION = PREVIEW_ROWS + 2


@cache
def draw_lengths() -> bytes:
    """A picture to show."""
    return distance_histogram(np.full(SHOES_A_PARTITION, 24.5), None, "Lengths", "cm")


class ShoePolicy(Policy):
    """Which shoes count."""

    largest_cm: float = Field(default=30.0, gt=0, description="Length of the largest sole")
    colours: list[str] = Field(default=["red"], description="Colours on sale")


@table_asset(SHOES, {"polars"}, "1", reads=[IMAGE_MANIFEST], reads_all=[IMAGE_FEATURES])
def shoes(context: dg.AssetExecutionContext, collection: Collection, shoe_policy: ShoePolicy) -> None:
    """Write the same shoes into every partition; the one called single has one, the one called broken fails half-way."""
    stage = Stage(context, SHOES, collection.tables(), shoe_policy)
    for key in stage.keys:
        with stage.partition(key, stage.fingerprint("inputs")) as work:
            if not work.is_current:
                count = 1 if key == "single" else SHOES_A_PARTITION
                rows = SHOES.frame([{"shoe_id": number, "length": 24.5} for number in range(count)])
                work.commit = stage.tables.append(replace(work.commit, parts=()), SHOES, rows)
                if key == "broken":
                    raise RuntimeError("the sole came off")
                stage.finish(work)
            context.add_asset_metadata({"digest": stage.digest_of_all(IMAGE_MANIFEST)}, partition_key=key)
            work.counts = {"pairs_of_laces": 1_234}
            work.preview = stage.tables.read(SHOES, key)
            work.picture = draw_lengths


class Shop:
    """Runs the stage over some partitions, and remembers what Dagster noted and logged."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self.tables = collection.tables()

    def run(
        self,
        *keys: str,
        policy: ShoePolicy | None = None,
        raise_on_error: bool = True,
        records: dg.DagsterInstance | None = None,
    ) -> dict[str, Mapping[str, Any]]:
        tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
        with instance_of(records) as instance:
            instance.add_dynamic_partitions(str(blob_prefix.name), list(keys))
            result = dg.materialize(
                [shoes],
                instance=instance,
                tags=tags,
                resources={"collection": self.collection, "shoe_policy": policy or ShoePolicy()},
                run_config=SILENT,
                raise_on_error=raise_on_error,
            )
            self.log = [entry.user_message for entry in instance.all_logs(result.run_id)]
        notes = [event.step_materialization_data.materialization for event in result.get_asset_materialization_events()]
        return {
            str(note.partition): {name: getattr(value, "value", value) for name, value in note.metadata.items()}
            for note in notes
        }


@pytest.fixture
def shop(collection_of: CollectionOf) -> Shop:
    return Shop(collection_of({}))


def test_a_partition_is_described_with_its_rows_its_cost_its_counts_and_its_policy(shop: Shop) -> None:
    noted = shop.run("a", "b")
    assert set(noted) == {"a", "b"}
    note = noted["a"]
    assert note["dagster/partition_row_count"] == SHOES_A_PARTITION
    assert (note["skipped"], note["pairs_of_laces"]) == (False, 1_234)
    assert note["seconds"] >= 0
    assert note["rows_per_second"] > 0
    assert 10 < note["peak_rss_mb"] < 100_000
    assert note["policy_ShoePolicy"] == ShoePolicy().version


def test_a_few_rows_and_a_picture_are_shown(shop: Shop) -> None:
    note = shop.run("a")["a"]
    assert len(note["preview"].records) == PREVIEW_ROWS
    assert re.fullmatch(r"!\[.*\]\(data:image/png;base64,[\w+/=]+\)", note["picture"])


def test_a_run_over_many_partitions_shows_neither(shop: Shop) -> None:
    noted = shop.run(*(f"{number:03d}" for number in range(MAX_ILLUSTRATED_PARTITIONS + 1)))
    assert not [key for key, note in noted.items() if {"preview", "picture"} & set(note)]


def test_an_unchanged_partition_shows_the_picture_of_its_last_materialization_and_draws_none(shop: Shop) -> None:
    with dg.DagsterInstance.ephemeral() as records:
        first = shop.run("a", records=records)["a"]["picture"]
        drawn = draw_lengths.cache_info()
        assert shop.run("a", records=records)["a"]["picture"] == first
        assert draw_lengths.cache_info() == drawn


def test_a_picture_of_what_the_partition_held_before_is_not_shown_again(shop: Shop) -> None:
    with dg.DagsterInstance.ephemeral() as records:
        shop.run("a", records=records)
        shop.run("a", policy=ShoePolicy(largest_cm=31))  # of which these records know nothing
        drawn = draw_lengths.cache_info().hits
        note = shop.run("a", policy=ShoePolicy(largest_cm=31), records=records)["a"]
    assert (note["skipped"], draw_lengths.cache_info().hits) == (True, drawn + 1)


def test_the_log_says_what_became_of_each_partition(shop: Shop) -> None:
    shop.run("a")
    assert [re.sub(r"[\d.]+ s", "0 s", line) for line in shop.log if line.startswith("shoes [")] == [
        f"shoes [a]: done in 0 s; {SHOES_A_PARTITION} rows; pairs of laces 1,234"
    ]
    shop.run("a")
    assert f"shoes [a]: unchanged, nothing to do; {SHOES_A_PARTITION} rows; pairs of laces 1,234" in shop.log
    shop.run("single")
    shop.run("single")
    assert "shoes [single]: unchanged, nothing to do; 1 row; pairs of laces 1,234" in shop.log


def test_a_finished_partition_is_skipped_until_its_policy_changes(shop: Shop) -> None:
    shop.run("a")
    before = shop.tables.commit_of(SHOES, "a")
    again = shop.run("a", "b")
    assert {key: note["skipped"] for key, note in again.items()} == {"a": True, "b": False}
    assert "rows_per_second" not in again["a"]
    assert shop.tables.commit_of(SHOES, "a") == before
    assert shop.run("a", policy=ShoePolicy(largest_cm=31))["a"]["skipped"] is False


def test_a_partition_that_failed_half_way_is_neither_noted_nor_finished_and_those_before_it_are(shop: Shop) -> None:
    noted = shop.run("a", "broken", "c", raise_on_error=False)
    assert "broken" not in noted
    assert "c" not in noted
    assert shop.tables.commit_of(SHOES, "a").fingerprint is not None
    assert shop.tables.commit_of(SHOES, "broken").fingerprint is None
    assert shop.tables.partitions(SHOES) == ["a", "broken"]


def test_the_digest_of_all_partitions_tells_which_rows_stand_where(shop: Shop) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    blob = {"image_id": 1, "path": "1.jpg", "etag": "1", "size_bytes": 1, "created_at": now, "modified_at": now}
    one, none = IMAGE_MANIFEST.frame([blob]), IMAGE_MANIFEST.empty()

    def digest_after(partition: str, rows: pl.DataFrame, fingerprint: str) -> object:
        shop.tables.rewrite(IMAGE_MANIFEST, partition, rows, fingerprint)
        return shop.run("a")["a"]["digest"]

    in_a = digest_after("a", one, "made of this")
    assert digest_after("a", one, "made of that") == in_a
    in_both = digest_after("b", one, "made of this")
    only_in_b = digest_after("a", none, "made of this")
    assert len({in_a, in_both, only_in_b}) == 3


def test_equal_settings_are_one_version_and_a_default_that_is_spelled_out_changes_nothing() -> None:
    assert ShoePolicy().version == ShoePolicy(largest_cm=30, colours=["red"]).version
    assert ShoePolicy(largest_cm=30.5).version != ShoePolicy().version != ShoePolicy(colours=["red", "blue"]).version
    assert ShoePolicy().settings() == {"colours": ["red"], "largest_cm": 30.0}


def test_policies_of_different_kinds_have_different_versions() -> None:
    class SockPolicy(ShoePolicy):
        """Which socks count."""

    assert SockPolicy().version != ShoePolicy().version


@pytest.mark.parametrize("settings", [{"largest_cm": 0}, {"largest": 30}, {"largest_cm": "long"}])
def test_settings_that_are_out_of_bounds_unknown_or_of_another_type_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ShoePolicy(**settings)


def test_a_digest_tells_parts_and_their_order_apart() -> None:
    assert re.fullmatch("[0-9a-f]{16}", digest_of("a", 1))
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})
    assert (
        len({digest_of("a", "b"), digest_of("b", "a"), digest_of("ab"), digest_of(["a", "b"]), digest_of("a|b")}) == 5
    )


def test_rows_are_shown_as_a_table_whatever_they_hold() -> None:
    frame = pl.DataFrame({"path": ["a|b\nc", "x" * 100], "digest": [b"\x0f", None], "share": [0.123456, None]})
    preview = preview_of(frame)
    assert [dict(record.data) for record in preview.records] == [
        {"path": "a|b\nc", "digest": "0f", "share": "0.123"},
        {"path": f"{'x' * 57}...", "digest": "None", "share": "None"},
    ]
    assert [(column.name, column.type) for column in preview.schema.columns] == [
        ("path", "String"),
        ("digest", "Binary"),
        ("share", "Float64"),
    ]
