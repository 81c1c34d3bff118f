import os
from pathlib import Path

import pytest

from dedup_assets.errors import DestinationTaken
from dedup_assets.resources.images.folder_copies import copy_file, delete_file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source.jpg"
    source.write_bytes(b"picture")
    os.utime(source, ns=(1, 1_600_000_000_123_456_789))
    return source


def everything_in(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def test_a_copy_is_a_file_of_its_own_with_the_times_of_the_original(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "best" / "a.jpg"
    copy_file(source, target)
    assert target.read_bytes() == b"picture"
    assert target.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert target.stat().st_ino != source.stat().st_ino
    assert everything_in(target.parent) == ["a.jpg"]


def test_what_a_link_points_at_is_copied(source: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(source)
    copy_file(link, tmp_path / "best" / "a.jpg")
    assert not (tmp_path / "best" / "a.jpg").is_symlink()


@pytest.mark.parametrize("content", [b"", b"PICTURE", b"picture and more"])
def test_other_content_is_never_overwritten(source: Path, tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "a.jpg"
    target.write_bytes(content)
    with pytest.raises(DestinationTaken):
        copy_file(source, target)
    assert target.read_bytes() == content


def test_a_directory_or_a_file_in_the_way_is_never_overwritten(source: Path, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(DestinationTaken):
        copy_file(source, tmp_path / "directory")
    with pytest.raises(DestinationTaken):
        copy_file(source, source / "a.jpg")
    assert source.read_bytes() == b"picture"


def test_a_failed_copy_leaves_nothing_half_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copy_file(tmp_path / "gone.jpg", tmp_path / "best" / "a.jpg")
    assert everything_in(tmp_path / "best") == []


def test_deleting_a_copy_takes_empty_directories_along_but_no_others(source: Path, tmp_path: Path) -> None:
    copy_file(source, tmp_path / "root/x/y/a.jpg")
    copy_file(source, tmp_path / "root/x/b.jpg")
    delete_file(tmp_path / "root/x/y/a.jpg", levels=3)
    assert everything_in(tmp_path) == ["root", "root/x", "root/x/b.jpg", "source.jpg"]
    delete_file(tmp_path / "root/x/b.jpg", levels=2)
    assert everything_in(tmp_path) == ["source.jpg"]
