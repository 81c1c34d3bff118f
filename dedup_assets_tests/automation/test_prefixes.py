"""Dagster's partition keys follow the layout of the source."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest

from dedup_assets.automation.prefixes import PREFIXES, discover_prefixes, range_tags, sync_prefixes
from dedup_assets.stages.discovery import discover
from dedup_assets_tests.conftest import CollectionOf, write_files

FILES = dict.fromkeys(["shoes/1.jpg", "hats/1.jpg", "Überblick & Co/#1.jpg"], b"picture")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


def test_new_prefixes_are_added_once(instance: dg.DagsterInstance, collection_of: CollectionOf) -> None:
    collection = collection_of(FILES)
    assert sync_prefixes(instance, collection) == ["hats", "shoes", "Überblick & Co"]
    assert sync_prefixes(instance, collection) == []
    write_files(Path(collection.source), {"a/1.jpg": b""})
    assert sync_prefixes(instance, collection) == ["a"]
    assert list(instance.get_dynamic_partitions(PREFIXES)) == ["hats", "shoes", "Überblick & Co", "a"]


def test_new_prefixes_are_told_in_dagsters_order_where_another_process_adds_some_of_them_first(
    instance: dg.DagsterInstance, collection_of: CollectionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = instance.add_dynamic_partitions

    def add_second(name: str, keys: Sequence[str]) -> None:
        add(name, ["Überblick & Co"])
        add(name, keys)

    monkeypatch.setattr(instance, "add_dynamic_partitions", add_second)
    assert sync_prefixes(instance, collection_of(FILES)) == ["Überblick & Co", "hats", "shoes"]
    assert list(instance.get_dynamic_partitions(PREFIXES)) == ["Überblick & Co", "hats", "shoes"]


def test_an_instance_that_lost_its_records_gets_the_keys_of_the_layout_back(
    instance: dg.DagsterInstance, collection_of: CollectionOf
) -> None:
    collection = collection_of(FILES)
    layout = discover(collection.images(), collection.tables(), 1)
    assert sync_prefixes(instance, collection) == layout.keys
    instance.delete_dynamic_partition(PREFIXES, "hats")
    assert sync_prefixes(instance, collection) == ["hats"]


def test_an_empty_source_has_no_prefixes(instance: dg.DagsterInstance, collection_of: CollectionOf) -> None:
    assert sync_prefixes(instance, collection_of({})) == []


def test_the_tags_of_a_range_run_name_its_first_and_last_key() -> None:
    assert range_tags(["b", "a", "c"]) == {
        "dagster/asset_partition_range_start": "b",
        "dagster/asset_partition_range_end": "c",
    }


def test_a_person_can_discover_prefixes_by_a_job_that_says_what_it_found(
    instance: dg.DagsterInstance, collection_of: CollectionOf
) -> None:
    collection = collection_of(FILES)
    for told in ("3 new prefixes: hats, shoes, Überblick & Co", "No new prefixes."):
        result = discover_prefixes.execute_in_process(instance=instance, resources={"collection": collection})
        assert result.success
        assert told in [entry.user_message for entry in instance.all_logs(result.run_id)]
