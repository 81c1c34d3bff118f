from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dedup_assets.assets import dedup_report, image_features, image_manifest, organized_blobs, representatives
from dedup_assets.assets.organized_blobs import no_copy_failed
from dedup_assets.policies import KeepPolicy
from dedup_assets.tables import DEDUP_REPORT, ORGANIZED_BLOBS
from dedup_assets_tests.assets.conftest import GROUPED_FILES
from dedup_assets_tests.assets.stages import GROUPING, Notes, Stages
from dedup_assets_tests.photographs import jpeg, make_photograph

NAME = ORGANIZED_BLOBS.name
READABLE = set(GROUPED_FILES) - {"shop/half.jpg"}
OTHERS_KEPT = KeepPolicy(keep_rule=["prefer_prefix"], prefer_prefixes=["shop/drawn", "shop/red.jpg"])


@pytest.fixture
def reported(grouped: Stages) -> Stages:
    grouped.run(dedup_report)
    return grouped


def organize(stages: Stages, action: str, keys: list[str] | None = None) -> Notes:
    return stages.run(organized_blobs, keys=keys, config={NAME: {"config": {"action": action.upper()}}})[NAME]


def plan_of(stages: Stages) -> list[dict[str, Any]]:
    return stages.tables.read_many(ORGANIZED_BLOBS).sort("destination").to_dicts()


def states(stages: Stages) -> dict[str, int]:
    return dict(Counter(row["state"] for row in plan_of(stages)))


def place(stages: Stages, row: dict[str, Any]) -> Path:
    return stages.source.parent / str(row["destination"])


def copies(stages: Stages) -> dict[str, bytes]:
    root = stages.source.parent / f"{stages.source.name}_deduplicated"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def failures(stages: Stages) -> list[dict[str, Any]]:
    """The failed copies that the check tells of."""
    result = no_copy_failed(collection=stages.collection)
    assert isinstance(result, dg.AssetCheckResult)
    examples: Any = result.metadata["examples"].value
    assert result.passed == (not examples)
    return list(examples)


def test_a_plan_names_every_readable_blob_with_its_folder_and_copies_none(reported: Stages) -> None:
    notes = organize(reported, "plan")
    rows = {row["path"]: row for row in plan_of(reported)}
    assert set(rows) == READABLE
    assert {path for path, row in rows.items() if row["folder"] == "duplicates"} == {
        "shop/drawn original.png", "web/red again.jpg", "web/red small.jpg",
    }  # fmt: skip
    assert {(row["state"], row["copy_etag"]) for row in rows.values()} == {("planned", None)}
    assert {key: note["planned"] for key, note in notes.items()} == {"shop": 3, "web": 5}
    assert copies(reported) == {}


def test_links_are_not_copied_beside_their_targets(reported: Stages) -> None:
    (reported.source / "shop/link.jpg").symlink_to("blue.jpg")
    reported.run(image_manifest, image_features)
    reported.run(dedup_report)
    organize(reported, "plan")
    assert "shop/link.jpg" in reported.rows(DEDUP_REPORT)
    assert "shop/link.jpg" not in {row["path"] for row in plan_of(reported)}


def test_companions_go_along_with_their_image_to_the_best_one_and_are_named_in_the_report(reported: Stages) -> None:
    others = {"shop/red.XMP": b"1", "web/red again.mov": b"2", "web/red again.jpg.aae": b"3", "shop/notes.txt": b"4"}
    reported.write(others)
    reported.run(image_manifest, image_features)
    reported.run(dedup_report)
    best = "shop" if reported.rows(DEDUP_REPORT)["shop/red.jpg"]["status"] == "Best" else "web"
    named = {path: row["companions"] for path, row in reported.rows(DEDUP_REPORT).items() if row["companions"]}
    assert named == {"shop/red.jpg": "red.XMP", "web/red again.jpg": "red again.jpg.aae, red again.mov"}
    organize(reported, "apply")
    copied = {row["path"]: row["folder"] for row in plan_of(reported) if row["path"] in others}
    assert copied == {
        path: "best" if path.startswith(best) else "duplicates" for path in others if path != "shop/notes.txt"
    }
    assert {data for data in copies(reported).values() if len(data) == 1} == {b"1", b"2", b"3"}
    config = {NAME: {"config": {"action": "PLAN", "companions": False}}}
    reported.run(organized_blobs, config=config)
    assert {row["path"] for row in plan_of(reported) if row["state"] != "stale"} == READABLE


def test_copies_stay_noted_by_a_later_plan_until_they_are_undone(reported: Stages) -> None:
    organize(reported, "apply")
    applied = plan_of(reported)
    assert {row["state"] for row in applied} == {"copied"}
    assert all(row["copy_etag"] and place(reported, row).is_file() for row in applied)
    organize(reported, "plan")
    assert plan_of(reported) == applied
    organize(reported, "undo")
    assert {(row["state"], row["copy_etag"]) for row in plan_of(reported)} == {("planned", None)}
    assert copies(reported) == {}


def test_copies_that_are_wanted_no_more_are_stale_in_the_plan_and_go_when_it_is_applied(reported: Stages) -> None:
    organize(reported, "apply")
    reported.run(representatives, dedup_report, keep_policy=OTHERS_KEPT)
    organize(reported, "plan")
    stale = {row["destination"].split("/", 1)[1] for row in plan_of(reported) if row["state"] == "stale"}
    planned = {row["destination"].split("/", 1)[1] for row in plan_of(reported) if row["state"] == "planned"}
    assert stale == {"duplicates/shop/drawn original.png", "best/web/drawn final.png"}
    assert planned == {"best/shop/drawn original.png", "duplicates/web/drawn final.png"}
    assert stale < copies(reported).keys()
    organize(reported, "apply")
    assert states(reported) == {"copied": len(READABLE)}
    assert copies(reported).keys() >= planned
    assert not copies(reported).keys() & stale


def test_the_copy_of_a_blob_that_changed_is_replaced(reported: Stages) -> None:
    organize(reported, "apply")
    mended = jpeg(make_photograph(4), quality=70)
    reported.write({"shop/blue.jpg": mended})
    reported.run(*GROUPING, dedup_report)
    organize(reported, "apply")
    assert states(reported) == {"copied": len(READABLE)}
    assert copies(reported)["best/shop/blue.jpg"] == mended


def test_one_partition_alone_copies_its_own_blobs(reported: Stages) -> None:
    organize(reported, "apply", keys=["shop"])
    assert reported.tables.partitions(ORGANIZED_BLOBS) == ["shop"]
    assert {path.split("/")[1] for path in copies(reported)} == {"shop"}


def test_a_copy_that_failed_is_told_by_the_check_and_tried_again(reported: Stages) -> None:
    organize(reported, "plan")
    blue = next(row for row in plan_of(reported) if row["path"] == "shop/blue.jpg")
    place(reported, blue).parent.mkdir(parents=True)
    place(reported, blue).write_bytes(b"somebody else's")
    organize(reported, "apply")
    (example,) = failures(reported)
    assert example["path"] == "shop/blue.jpg"
    assert "holds something else" in example["cause"]
    place(reported, blue).unlink()
    organize(reported, "apply")
    assert failures(reported) == []
    assert states(reported) == {"copied": len(READABLE)}


@pytest.mark.parametrize("action", ["plan", "apply"])
def test_blobs_that_vanished_leave_the_plan_with_the_last_of_their_partition(reported: Stages, action: str) -> None:
    organize(reported, "plan")
    for path in [path for path in GROUPED_FILES if path.startswith("shop/")]:
        reported.remove(path)
    reported.run(*GROUPING, dedup_report)
    assert organize(reported, action)["shop"]["planned"] == 0
    assert {row["path"].split("/")[0] for row in plan_of(reported)} == {"web"}
