from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import pytest

from dedup_assets.assets import dedup_report, image_features, image_manifest, organized_blobs, representatives
from dedup_assets.assets.organized_blobs import no_copy_failed
from dedup_assets.errors import BlobUnavailable, StoreChangedError
from dedup_assets.policies import KeepPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images import folder_copies
from dedup_assets.resources.images.folder import LocalImages
from dedup_assets.resources.locations import FolderLocation, parse_location
from dedup_assets.tables import DEDUP_REPORT, ORGANIZED_BLOBS
from dedup_assets_tests.assets.conftest import GROUPED_FILES
from dedup_assets_tests.assets.stages import GROUPING, Notes, Stages, interrupted
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


def copy_root(stages: Stages) -> Path:
    return stages.source.parent / f"{stages.source.name}_deduplicated"


def copies(stages: Stages) -> dict[str, bytes]:
    root = copy_root(stages)
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


def test_copies_that_are_wanted_no_more_stay_until_their_removal_is_asked_for(reported: Stages) -> None:
    organize(reported, "apply")
    before = copies(reported)
    reported.run(representatives, dedup_report, keep_policy=OTHERS_KEPT)
    organize(reported, "plan")
    stale = {row["destination"].split("/", 1)[1] for row in plan_of(reported) if row["state"] == "stale"}
    planned = {row["destination"].split("/", 1)[1] for row in plan_of(reported) if row["state"] == "planned"}
    assert stale == {"duplicates/shop/drawn original.png", "best/web/drawn final.png"}
    assert planned == {"best/shop/drawn original.png", "duplicates/web/drawn final.png"}
    assert stale < copies(reported).keys()
    organize(reported, "apply")
    assert states(reported) == {"copied": len(READABLE), "stale": 2}
    assert copies(reported).keys() == before.keys() | planned
    (copy_root(reported) / "best/web/drawn final.png").write_bytes(b"retouched by hand")
    assert organize(reported, "remove_stale")["web"]["changed"] == 1
    assert states(reported) == {"copied": len(READABLE), "changed": 1}
    assert copies(reported).keys() == (before.keys() | planned) - {"duplicates/shop/drawn original.png"}
    assert copies(reported)["best/web/drawn final.png"] == b"retouched by hand"
    (copy_root(reported) / "best/web/drawn final.png").unlink()
    organize(reported, "apply")
    assert "best/web/drawn final.png" not in copies(reported)
    organize(reported, "remove_stale")
    assert states(reported) == {"copied": len(READABLE)}


def test_nothing_is_removed_where_the_source_lost_all_of_a_prefix(reported: Stages) -> None:
    organize(reported, "apply")
    before = copies(reported)
    for path in [path for path in GROUPED_FILES if path.startswith("shop/")]:
        reported.remove(path)
    reported.run(*GROUPING, dedup_report)
    organize(reported, "apply")
    assert states(reported)["stale"] >= 3
    assert before.items() <= copies(reported).items()
    organize(reported, "undo")
    assert copies(reported) == {}


def test_the_copy_of_a_blob_that_changed_is_replaced_once_the_old_one_is_out_of_the_way(reported: Stages) -> None:
    organize(reported, "apply")
    mended = jpeg(make_photograph(4), quality=70)
    reported.write({"shop/blue.jpg": mended})
    reported.run(*GROUPING, dedup_report)
    organize(reported, "apply")
    assert states(reported) == {"copied": len(READABLE) - 1, "stale": 1, "planned": 1}
    (blocked,) = (row for row in plan_of(reported) if row["state"] == "planned")
    assert "--remove-stale" in blocked["cause"]
    organize(reported, "remove_stale")
    organize(reported, "apply")
    assert states(reported) == {"copied": len(READABLE)}
    assert copies(reported)["best/shop/blue.jpg"] == mended


class Killed(BaseException):
    """The process ends here, whatever catches errors."""


def end() -> None:
    raise Killed


class StoppingImages(LocalImages):
    """A folder in which something happens, by default the end of the process, once some copies are made or removed."""

    left: ClassVar[int] = 0
    then: ClassVar[Callable[[], object]] = end

    def copy(self, path: str, destination: str) -> str:
        self._count()
        return super().copy(path, destination)

    def delete_copy(self, destination: str, etag: str) -> None:
        self._count()
        super().delete_copy(destination, etag)

    def _count(self) -> None:
        if StoppingImages.left == 0:
            StoppingImages.then()
        StoppingImages.left -= 1


class StoppingCollection(Collection):
    """A collection over such a folder."""

    def images(self) -> LocalImages:
        location = parse_location(self.source)
        assert isinstance(location, FolderLocation)
        return StoppingImages(location)


def stop_within(stages: Stages, action: str, copies_before: int) -> None:
    StoppingImages.left = copies_before
    with pytest.raises(Killed):
        organize(Stages(StoppingCollection(**stages.collection.model_dump())), action)
    assert states(stages)["begun"] > 1


def test_copies_of_an_apply_that_was_killed_are_all_undone(reported: Stages) -> None:
    stop_within(reported, "apply", 4)
    assert len(copies(reported)) == 4
    mine = copy_root(reported) / "best" / "my own.txt"
    mine.write_bytes(b"not a copy")
    left_over = copy_root(reported) / "best/web" / f"{folder_copies.partials_of(Path('drawn other.png'))}-1"
    left_over.write_bytes(b"half a copy")
    organize(reported, "undo")
    assert copies(reported) == {"best/my own.txt": b"not a copy"}
    assert set(states(reported)) == {"planned"}


@pytest.mark.parametrize("action", ["apply", "undo"])
def test_an_undo_that_was_killed_leaves_nothing_unknown(reported: Stages, action: str) -> None:
    organize(reported, "apply")
    stop_within(reported, "undo", 2)
    organize(reported, action)
    assert states(reported) == {"copied" if action == "apply" else "planned": len(READABLE)}
    assert len(copies(reported)) == (len(READABLE) if action == "apply" else 0)


def test_a_plan_beside_an_apply_forgets_no_copy(reported: Stages) -> None:
    planning = interrupted(reported, DEDUP_REPORT, lambda: organize(reported, "apply"))
    with pytest.raises(StoreChangedError, match="run again"):
        organize(planning, "plan")
    assert states(reported) == {"copied": len(READABLE)}
    organize(reported, "undo")
    assert copies(reported) == {}


def test_an_apply_forgets_no_copy_where_another_run_takes_it_for_killed(
    reported: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoppingImages, "left", 0)
    monkeypatch.setattr(StoppingImages, "then", lambda: organize(reported, "plan"))
    with pytest.raises(StoreChangedError, match="run again"):
        organize(Stages(StoppingCollection(**reported.collection.model_dump())), "apply", keys=["web"])
    assert states(reported) == {"copied": 5, "planned": 3}
    assert len(copies(reported)) == 5
    organize(reported, "undo")
    assert copies(reported) == {}


def refuse() -> None:
    raise BlobUnavailable("not today")


def test_a_changed_copy_that_could_not_be_made_again_is_not_told_as_made(
    reported: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    organize(reported, "apply")
    mine = copy_root(reported) / "best/shop/blue.jpg"
    mine.write_bytes(b"retouched by hand")
    organize(reported, "undo")
    organize(reported, "apply")
    monkeypatch.setattr(StoppingImages, "left", 0)
    monkeypatch.setattr(StoppingImages, "then", refuse)
    organize(Stages(StoppingCollection(**reported.collection.model_dump())), "apply")
    assert states(reported) == {"copied": len(READABLE) - 1, "failed": 1}
    organize(reported, "plan")
    assert states(reported) == {"copied": len(READABLE) - 1, "changed": 1}


def test_what_is_noted_as_copied_is_not_looked_at_again(reported: Stages) -> None:
    organize(reported, "apply")
    StoppingImages.left = 0
    organize(Stages(StoppingCollection(**reported.collection.model_dump())), "apply")
    assert states(reported) == {"copied": len(READABLE)}


def test_an_undo_tells_of_a_copy_that_somebody_changed_as_long_as_it_is_there(reported: Stages) -> None:
    organize(reported, "apply")
    mine = copy_root(reported) / "best/shop/blue.jpg"
    mine.write_bytes(b"retouched by hand")
    for action in ("undo", "undo", "plan"):
        organize(reported, action)
        assert states(reported) == {"planned": len(READABLE) - 1, "changed": 1}
        (row,) = (row for row in plan_of(reported) if row["state"] == "changed")
        assert "changed since it was copied" in row["cause"]
    mine.unlink()
    organize(reported, "undo")
    assert states(reported) == {"planned": len(READABLE)}


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
