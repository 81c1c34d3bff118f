"""The demo's collection: what it holds, and that it is the same every time."""

import hashlib
from pathlib import Path

import pytest

from dedup_assets.demo_collection import EDITS, PHOTOGRAPHS, PREFIXES, build_demo_collection
from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.kernels.decode.image import DecodeLimits, UnreadableImage, decode_image

BROKEN = {"half a download.jpg", "not a picture.png"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert build_demo_collection(folder) == len(files_of(folder))
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_photograph_stands_there_as_itself_and_with_three_copies(folder: Path) -> None:
    names = [Path(path).name for path in files_of(folder)]
    assert len(set(names)) == len(names)
    for photograph in PHOTOGRAPHS:
        stem = Path(photograph).stem
        copies = [name for name in names if name.startswith(f"{stem} ") and "recoloured" not in name]
        assert f"{stem}.jpg" in names
        assert len(copies) == 3


def test_every_kind_of_edit_is_made(folder: Path) -> None:
    names = [Path(path).stem for path in files_of(folder)]
    assert [kind for kind in EDITS if not any(name.endswith(f" {kind}") for name in names)] == []


def test_files_lie_below_several_prefixes(folder: Path) -> None:
    assert {path.rsplit("/", 1)[0] for path in files_of(folder)} == set(PREFIXES)


def test_copies_called_the_same_bytes_are(folder: Path) -> None:
    by_name = {Path(path).name: data for path, data in files_of(folder).items()}
    copies = [name for name in by_name if name.endswith(" same bytes.jpg")]
    assert copies
    assert all(by_name[name] == by_name[name.replace(" same bytes", "")] for name in copies)


def test_two_files_are_broken_and_all_others_can_be_read(folder: Path) -> None:
    unreadable = set()
    for path, data in files_of(folder).items():
        try:
            decode_image(data, DecodeLimits())
        except UnreadableImage:
            unreadable.add(Path(path).name)
    assert unreadable == BROKEN


def test_a_generated_pair_carries_its_recipe_at_two_sizes(folder: Path) -> None:
    carried = {
        Path(path).stem: read_carriers(data)
        for path, data in files_of(folder).items()
        if "ORIG" in path or "FINAL" in path
    }
    assert len(carried) == 2
    texts = [next(iter(carriers.values())) for carriers in carried.values()]
    assert all("Seed: 1234567890" in str(text) for text in texts)
    assert texts[0] != texts[1]


def test_building_it_again_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    build_demo_collection(tmp_path)
    digests = [
        {path: hashlib.sha256(data).hexdigest() for path, data in files_of(where).items()}
        for where in (folder, tmp_path)
    ]
    assert digests[0] == digests[1]
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")}
    build_demo_collection(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")} == written
