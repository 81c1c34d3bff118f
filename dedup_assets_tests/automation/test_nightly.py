"""The schedule and the sensor: what they ask for, and when."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from dedup_assets.automation import prefixes
from dedup_assets.automation.nightly import NIGHTLY_TABLES, every_night, new_prefixes
from dedup_assets.automation.prefixes import PREFIXES, discover_prefixes, range_tags
from dedup_assets.definitions import build_definitions
from dedup_assets.errors import StoreAccessError
from dedup_assets.resources.collection import Collection
from dedup_assets.settings import Settings
from dedup_assets.tables import TABLES
from dedup_assets_tests.conftest import CollectionOf, write_files
from dedup_assets_tests.stages.test_discovery import SlowImages

NIGHT = datetime(2026, 11, 1, 2, tzinfo=UTC)
FILES = dict.fromkeys(["shoes/1.jpg", "hats/1.jpg", "Überblick & Co/#1.jpg"], b"picture")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


def at_night(instance: dg.DagsterInstance, collection: Collection) -> dg.RunRequest | dg.SkipReason:
    """What the schedule asks for."""
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=NIGHT) as context:
        asked = every_night(context, collection=collection)
    assert isinstance(asked, dg.RunRequest | dg.SkipReason)
    return asked


def by_day(instance: dg.DagsterInstance, collection: Collection) -> dg.RunRequest | dg.SkipReason:
    """What the sensor asks for."""
    return tick(instance, collection, None)[0]


def tick(
    instance: dg.DagsterInstance, collection: Collection, cursor: str | None
) -> tuple[dg.RunRequest | dg.SkipReason, str]:
    """What the sensor asks for, and where it will go on."""
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        result = new_prefixes(context, collection=collection)
    assert isinstance(result, dg.SensorResult)
    asked = result.run_requests[0] if result.run_requests else result.skip_reason
    assert len(result.run_requests or ()) <= 1
    assert isinstance(asked, dg.RunRequest | dg.SkipReason)
    return asked, result.cursor or ""


def test_every_night_at_two_one_run_over_all_prefixes_is_asked_for(
    instance: dg.DagsterInstance, collection_of: CollectionOf
) -> None:
    asked = at_night(instance, collection_of(FILES))
    assert isinstance(asked, dg.RunRequest)
    assert asked.tags == range_tags(["hats", "Überblick & Co"])
    assert asked.run_key == NIGHT.isoformat()
    assert every_night.cron_schedule == "0 2 * * *"


def test_prefixes_that_came_during_the_day_are_part_of_the_night(
    instance: dg.DagsterInstance, collection_of: CollectionOf
) -> None:
    collection = collection_of(FILES)
    at_night(instance, collection)
    write_files(Path(collection.source), {"a/1.jpg": b""})
    asked = at_night(instance, collection)
    assert isinstance(asked, dg.RunRequest)
    assert asked.tags == range_tags(["hats", "a"])


def test_a_night_without_any_images_is_skipped_with_its_reason(
    instance: dg.DagsterInstance, collection_of: CollectionOf
) -> None:
    collection = collection_of({"read me.txt": b""})
    asked = at_night(instance, collection)
    assert isinstance(asked, dg.SkipReason)
    assert asked.skip_message == f"There are no images in {collection.source}."


def test_the_sensor_asks_for_one_run_over_all_new_prefixes_and_then_for_nothing(
    instance: dg.DagsterInstance, collection_of: CollectionOf
) -> None:
    collection = collection_of(FILES)
    first = by_day(instance, collection)
    assert isinstance(first, dg.RunRequest)
    assert (first.partition_key, first.tags) == (None, range_tags(["hats", "Überblick & Co"]))
    assert by_day(instance, collection) == dg.SkipReason("No new prefixes.")
    write_files(Path(collection.source), {"a/1.jpg": b""})
    second = by_day(instance, collection)
    assert isinstance(second, dg.RunRequest)
    assert second.tags == range_tags(["a"])
    assert second.run_key != first.run_key


class SlowCollection(Collection):
    """A collection in a folder that takes its time to be listed."""

    def images(self) -> SlowImages:
        return SlowImages(Path(self.source), 0.05)


def slow(collection: Collection) -> SlowCollection:
    return SlowCollection(source=collection.source, store=collection.store)


def test_a_source_that_takes_longer_than_a_tick_is_looked_at_in_several_and_nothing_is_lost(
    instance: dg.DagsterInstance, collection_of: CollectionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefixes, "TICK_S", 0.6)
    collection = slow(collection_of({f"{where}/{number}.jpg": b"" for where in "abcdef" for number in range(4)}))
    asked, cursor = tick(instance, collection, None)
    requests = [asked]
    assert cursor > "a"
    while cursor:
        asked, cursor = tick(instance, collection, cursor)
        requests.append(asked)
    runs = [
        each.tags for each in requests if isinstance(each, dg.RunRequest) and each.job_name == "nightly_deduplication"
    ]
    found = instance.get_dynamic_partitions(PREFIXES)
    assert list(found) == [*"abcdef"]
    assert len(runs) > 1
    assert [tags[name] for tags in runs for name in range_tags("ab")][:: 2 * len(runs) - 1] == ["a", "f"]


def test_a_prefix_that_takes_longer_than_a_tick_is_left_to_a_run_that_may_take_its_time(
    instance: dg.DagsterInstance, collection_of: CollectionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefixes, "TICK_S", 0.5)
    collection = slow(collection_of({f"large/{number}.jpg": b"" for number in range(20)}))
    waits, cursor = tick(instance, collection, None)
    assert isinstance(waits, dg.SkipReason)
    assert waits.skip_message == (
        "There was no time in 40 s for 'large' and what comes after it in the source: the next tick goes on there."
    )
    asked, cursor = tick(instance, collection, cursor)
    assert isinstance(asked, dg.RunRequest)
    assert (asked.job_name, cursor) == (discover_prefixes.name, "large")
    assert discover_prefixes.execute_in_process(instance=instance, resources={"collection": collection}).success
    assert tick(instance, collection, cursor) == (dg.SkipReason("No new prefixes."), "")
    assert list(instance.get_dynamic_partitions(PREFIXES)) == ["large"]


def test_a_night_that_has_no_time_to_look_at_all_prefixes_runs_over_those_that_it_knows(
    instance: dg.DagsterInstance, collection_of: CollectionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefixes, "TICK_S", 0.6)
    collection = slow(collection_of({f"{where}/{number}.jpg": b"" for where in "ab" for number in range(8)}))
    asked = at_night(instance, collection)
    assert isinstance(asked, dg.RunRequest)
    assert asked.tags == range_tags(["a"])


def test_the_request_of_the_sensor_names_partitions_that_dagster_knows(
    instance: dg.DagsterInstance, collection_of: CollectionOf
) -> None:
    collection = collection_of(FILES)
    repository = build_definitions(Settings(source=collection.source, store=collection.store)).get_repository_def()
    resources = {"collection": collection}
    with dg.build_sensor_context(
        instance_ref=instance.get_ref(), repository_def=repository, resources=resources
    ) as context:
        requests = repository.get_sensor_def(new_prefixes.name).evaluate_tick(context).run_requests or []
    (request,) = requests
    assert range_tags(["hats", "Überblick & Co"]).items() <= request.tags.items()
    assert list(instance.get_dynamic_partitions(PREFIXES)) == ["hats", "shoes", "Überblick & Co"]


def test_a_source_that_cannot_be_reached_fails_the_tick_with_its_reason(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    missing = Collection(source=str(tmp_path / "gone"), store=str(tmp_path / "store"))
    with pytest.raises(StoreAccessError, match="does not exist"):
        by_day(instance, missing)
    with pytest.raises(StoreAccessError, match="does not exist"):
        at_night(instance, missing)


def test_the_night_leaves_the_copying_out() -> None:
    assert [table.name for table in TABLES if table not in NIGHTLY_TABLES] == ["organized_blobs"]
