import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from dedup_assets.resources.images.folder import LocalImages
from dedup_assets.resources.images.throttle import RateLimits, Throttle
from dedup_assets.resources.locations import FolderLocation
from dedup_assets.stages.reading.unnoticed_edits import find_doubtful, find_edited
from dedup_assets.tables import IMAGE_MANIFEST, SEEN_FILES

NOW = datetime(2024, 1, 1, tzinfo=UTC)

State = tuple[str, int | None, int | None]
"""Etag, hours of the time of change, inode."""


def states(*files: State) -> list[dict[str, object]]:
    return [
        {
            "image_id": number,
            "etag": etag,
            "changed_at": None if hours is None else NOW + timedelta(hours=hours),
            "inode": inode,
        }
        for number, (etag, hours, inode) in enumerate(files, start=1)
    ]


@pytest.mark.parametrize(
    ("before", "now", "doubtful"),
    [
        ([("a", 0, 1), ("b", 0, 2)], [("a", 0, 1), ("b", 0, 2)], []),
        ([("a", 0, 1), ("b", 0, 2)], [("a", 1, 1), ("b", 0, 2)], [1]),
        ([("a", 0, 1), ("b", 0, 2), ("c", 0, 3)], [("a", 0, 9), ("b", 0, 2), ("c", 0, 3)], [1]),
        ([("a", 0, 1), ("b", 0, 2)], [("a", 0, 8), ("b", 0, 9)], []),
        ([("a", 0, 1), ("b", 0, 2)], [("a", 1, 8), ("b", 0, 9)], [1]),
        ([("a", 0, 1), ("b", 0, 2)], [("a2", 1, 1), ("b", 0, 2)], []),
        ([], [("a", 1, 1)], []),
        ([("a", None, None)], [("a", 1, 1)], []),
        ([("a", 0, 1)], [("a", None, None)], []),
    ],
    ids=[
        "nothing", "ctime", "inode", "all inodes", "all inodes and a ctime", "etag", "older store", "unknown before", "unknown now",
    ],
)  # fmt: skip
def test_a_file_is_doubtful_where_more_than_its_etag_is_known_and_something_else_changed(
    before: list[State], now: list[State], doubtful: list[int]
) -> None:
    manifest, seen = IMAGE_MANIFEST.frame(states(*now)), SEEN_FILES.frame(states(*before))
    found = find_doubtful(manifest, seen)
    assert found["image_id"].to_list() == doubtful
    assert found.columns == manifest.columns


def test_only_other_bytes_are_an_edit(tmp_path: Path) -> None:
    names = ("same", "edited", "gone")
    for name in names:
        (tmp_path / name).write_bytes(b"before")
        os.utime(tmp_path / name, (0, 0))
    images = LocalImages(FolderLocation(tmp_path))
    blobs = {blob.path: blob for blob in images.list_blobs()}
    (tmp_path / "edited").write_bytes(b"after!")
    os.utime(tmp_path / "edited", (0, 0))
    (tmp_path / "gone").unlink()
    doubtful = pl.DataFrame(
        {
            "image_id": [1, 2, 3], "path": names, "etag": [blobs[name].etag for name in names], "size_bytes": 6,
            "file_sha256": hashlib.sha256(b"before").digest(),
        }
    )  # fmt: skip
    assert find_edited(images, Throttle(RateLimits()), 2, doubtful).to_list() == [2, 3]
