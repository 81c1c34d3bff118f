from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, ClassVar

import dagster as dg
import numpy as np
import polars as pl
import pytest

from dedup_assets.assets import image_features, image_manifest
from dedup_assets.assets.image_features import MAX_SMALL_PARTS, few_images_are_unreadable, image_features_lose_nothing
from dedup_assets.policies import FeaturePolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter, Tracker
from dedup_assets.stages.reading.carried_rows import CARRIED_VERSION
from dedup_assets.stages.reading.rows import FEATURE_VERSION
from dedup_assets.tables import IMAGE_FEATURES, SEEN_FILES
from dedup_assets_tests.assets.conftest import GROUPED_FILES, StagesOf
from dedup_assets_tests.assets.stages import READING, Stages, total
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import page
from dedup_assets_tests.photographs import jpeg, make_photograph, png
from dedup_assets_tests.spawned import spawned_processes

NAME = IMAGE_FEATURES.name
SMALL = {f"a/{number}.jpg": jpeg(make_photograph(number, 48, 36)) for number in range(5)}


class Watching(ProgressReporter):
    """Notes after each image how many rows of the partition `a` readers see."""

    store: str
    seen: ClassVar[list[int]] = []

    @contextmanager
    def track(self, log: Callable[[str], None], what: str, total: int, unit: str) -> Iterator[Tracker]:
        tables = Collection(store=self.store).tables()

        class Watcher(Tracker):
            def advance(self, count: int = 1) -> None:
                Watching.seen.append(tables.commit_of(IMAGE_FEATURES, "a").rows)

        yield Watcher(what, total, unit, log, 1.0)


class WatchingProcesses(ProgressReporter):
    """Notes how many processes read at once."""

    most: ClassVar[int] = 0

    @contextmanager
    def track(self, log: Callable[[str], None], what: str, total: int, unit: str) -> Iterator[Tracker]:
        class Watcher(Tracker):
            def advance(self, count: int = 1) -> None:
                WatchingProcesses.most = max(WatchingProcesses.most, len(spawned_processes()))

        yield Watcher(what, total, unit, log, 1.0)


def result_of(check: object) -> dg.AssetCheckResult:
    assert isinstance(check, dg.AssetCheckResult)
    return check


def downloaded(stages: Stages, **resources: Any) -> int:
    return total(stages.run(image_features, **resources)[NAME], "downloaded_images")


def test_images_that_were_read_become_visible_chunk_by_chunk(stages_of: StagesOf) -> None:
    stages = stages_of(SMALL, chunk_images=2)
    stages.run(image_manifest)
    Watching.seen.clear()
    stages.run(image_features, progress=Watching(store=stages.collection.store))
    assert Watching.seen == [0, 0, 2, 2, 4]
    assert [part.rows for part in stages.tables.commit_of(IMAGE_FEATURES, "a").parts] == [2, 2, 1]


def test_so_many_processes_read_as_there_are_workers_and_the_table_is_the_same(stages_of: StagesOf) -> None:
    alone = stages_of({f"a/{number:04}.jpg": jpeg(make_photograph(number, 32, 24)) for number in range(40)})
    store = alone.collection.store + " of two"
    two = Stages(Collection(source=alone.collection.source, store=store, workers=2))
    parts = []
    for count, stages in ((1, alone), (2, two)):
        WatchingProcesses.most = 0
        stages.run(*READING, progress=WatchingProcesses())
        assert WatchingProcesses.most == count
        parts.append([(part.rows, part.sha256) for part in stages.tables.commit_of(IMAGE_FEATURES, "a").parts])
    assert parts[0] == parts[1]
    assert spawned_processes() == []


@pytest.mark.parametrize(("images", "parts"), [(MAX_SMALL_PARTS, MAX_SMALL_PARTS), (MAX_SMALL_PARTS + 1, 1)])
def test_one_small_part_too_many_merges_them_all(stages_of: StagesOf, images: int, parts: int) -> None:
    stages = stages_of({f"a/{number}.jpg": SMALL["a/0.jpg"] for number in range(images)}, chunk_images=1)
    stages.run(*READING)
    commit = stages.tables.commit_of(IMAGE_FEATURES, "a")
    assert (len(commit.parts), commit.rows) == (parts, images)


def test_images_read_by_an_older_version_and_changed_ones_are_read_again_and_no_other(stages_of: StagesOf) -> None:
    stages = stages_of(SMALL)
    stages.run(*READING)
    before = stages.tables.read(IMAGE_FEATURES, "a")
    version = pl.when(pl.col("path") == "a/1.jpg").then(CARRIED_VERSION - 1).otherwise(FEATURE_VERSION)
    aged = before.with_columns(feature_version=version, sharpness=pl.lit(-1.0))
    stages.tables.rewrite(IMAGE_FEATURES, "a", aged, "made by an older version")
    stages.write({"a/3.jpg": SMALL["a/0.jpg"]})
    stages.run(image_manifest)
    assert downloaded(stages) == 2
    rows = stages.rows(IMAGE_FEATURES)
    assert {path for path, row in rows.items() if row["sharpness"] != -1} == {"a/1.jpg", "a/3.jpg"}
    assert {row["feature_version"] for row in rows.values()} == {FEATURE_VERSION}
    assert rows["a/3.jpg"]["file_sha256"] == rows["a/0.jpg"]["file_sha256"]


def test_of_the_last_version_only_what_may_hold_more_than_a_photograph_is_read_again(stages_of: StagesOf) -> None:
    picture = make_photograph(1, 32, 24)
    stages = stages_of(SMALL | {"a/drawn.png": png(picture), "a/broken.png": b"no image"})
    stages.run(*READING)
    aged = stages.tables.read(IMAGE_FEATURES, "a").with_columns(
        feature_version=pl.lit(CARRIED_VERSION, pl.Int32), frame_count=pl.lit(None, pl.Int32)
    )
    stages.tables.rewrite(IMAGE_FEATURES, "a", aged, "made by the last version")
    assert downloaded(stages) == 1
    assert {path for path, row in stages.rows(IMAGE_FEATURES).items() if row["frame_count"]} == {"a/drawn.png"}


def test_of_images_of_the_carried_version_pages_are_read_again_and_photographs_are_not(stages_of: StagesOf) -> None:
    photograph = jpeg(np.array(load_photograph("chelsea.png")))
    stages = stages_of({"a/page.jpg": jpeg(page(1)), "a/photograph.jpg": photograph})
    stages.run(*READING)
    aged = stages.tables.read(IMAGE_FEATURES, "a").with_columns(
        feature_version=pl.lit(CARRIED_VERSION, pl.Int32), fine_gray=pl.lit(None, pl.Binary), sharpness=pl.lit(-1.0)
    )
    stages.tables.rewrite(IMAGE_FEATURES, "a", aged, "made by an older version")
    assert downloaded(stages) == 1
    rows = stages.rows(IMAGE_FEATURES)
    assert {path for path, row in rows.items() if row["sharpness"] != -1} == {"a/page.jpg"}
    assert (rows["a/page.jpg"]["fine_gray"] is None, rows["a/photograph.jpg"]["fine_gray"]) == (False, None)


def test_an_image_that_was_not_to_be_had_is_tried_again_and_a_broken_one_is_not(stages_of: StagesOf) -> None:
    stages = stages_of(SMALL | {"a/half.jpg": SMALL["a/0.jpg"][:300]})
    stages.run(image_manifest)
    (stages.source / "a/1.jpg").rename(stages.source / "away.jpg")
    notes = stages.run(image_features)[NAME]["a"]
    assert (notes["downloaded_images"], notes["unreadable"]) == (len(SMALL), 2)
    assert stages.rows(IMAGE_FEATURES)["a/1.jpg"]["decode_status"] == "vanished"
    (stages.source / "away.jpg").rename(stages.source / "a/1.jpg")
    assert downloaded(stages) == 1
    rows = stages.rows(IMAGE_FEATURES)
    assert (rows["a/1.jpg"]["decode_status"], rows["a/half.jpg"]["decode_status"]) == ("ok", "truncated")
    assert stages.run(image_features)[NAME]["a"]["skipped"]


def test_a_higher_limit_of_size_reads_again_what_was_too_large_and_no_other(stages_of: StagesOf) -> None:
    stages = stages_of(SMALL | {"a/large.jpg": jpeg(make_photograph(9, 200, 150))})
    stages.run(*READING, feature_policy=FeaturePolicy(max_megapixels=0.01))
    assert stages.rows(IMAGE_FEATURES)["a/large.jpg"]["decode_status"] == "too_large"
    assert downloaded(stages) == 1
    assert stages.rows(IMAGE_FEATURES)["a/large.jpg"]["decode_status"] == "ok"


def test_a_row_that_got_lost_fails_the_check_and_a_partition_still_at_work_does_not(grouped: Stages) -> None:
    def check() -> dg.AssetCheckResult:
        return result_of(image_features_lose_nothing(collection=grouped.collection))

    assert check().passed
    grouped.write({"web/new.jpg": SMALL["a/0.jpg"]})
    grouped.run(image_manifest)
    assert check().passed
    grouped.drop(IMAGE_FEATURES, "shop", "path", ["shop/blue.jpg"])
    assert not check().passed
    assert check().metadata["unequal"].value == {"shop": [4, 3]}
    assert [check().metadata[f"partitions_{name}"].value for name in ("judged", "at_work")] == [1, 1]
    grouped.forget(IMAGE_FEATURES)
    assert (check().passed, check().metadata["unequal"].value) == (False, {})


def test_many_unreadable_images_are_warned_of(grouped: Stages) -> None:
    share = 1 / len(GROUPED_FILES)
    for limit, passed in ((share, True), (share - 0.01, False)):
        policy = FeaturePolicy(max_unreadable_share=limit)
        result = result_of(few_images_are_unreadable(collection=grouped.collection, feature_policy=policy))
        assert (result.passed, result.severity) == (passed, dg.AssetCheckSeverity.WARN)
        assert result.metadata["unreadable_share"].value == pytest.approx(share)


def test_an_edit_that_keeps_size_and_time_is_read_and_what_only_seems_to_be_one_is_hashed_and_no_more(
    stages_of: StagesOf,
) -> None:
    one, other = b"\0\0", b"\0\1"  # after the end of the picture
    stages = stages_of({f"a/{number}.jpg": SMALL["a/0.jpg"] + one for number in range(4)})
    stages.write({f"a/{number}.jpg": SMALL["a/0.jpg"] + one for number in range(4)})
    stages.run(*READING)
    commit = stages.tables.commit_of(IMAGE_FEATURES, "a")
    (stages.source / "a/1.jpg").chmod(0o600)
    notes = stages.run(*READING)[NAME]
    assert [total(notes, name) for name in ("hashed_images", "downloaded_images")] == [1, 0]
    assert stages.tables.commit_of(IMAGE_FEATURES, "a").digest == commit.digest
    assert total(stages.run(*READING)[NAME], "hashed_images") == 0
    stages.write({"a/2.jpg": SMALL["a/0.jpg"] + other})
    notes = stages.run(*READING)[NAME]
    assert [total(notes, name) for name in ("hashed_images", "downloaded_images")] == [1, 1]
    contents = {path: row["file_sha256"] for path, row in stages.rows(IMAGE_FEATURES).items()}
    assert contents["a/2.jpg"] == sha256(SMALL["a/0.jpg"] + other).digest()
    assert len(set(contents.values())) == 2


def test_a_store_that_did_not_note_times_of_change_hashes_nothing(stages_of: StagesOf) -> None:
    stages = stages_of(SMALL)
    stages.run(*READING)
    stages.forget(SEEN_FILES)
    for path in SMALL:
        (stages.source / path).chmod(0o600)
    notes = stages.run(*READING)[NAME]
    assert [total(notes, name) for name in ("hashed_images", "downloaded_images")] == [0, 0]
