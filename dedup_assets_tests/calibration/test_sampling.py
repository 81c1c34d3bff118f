"""The sample is the same whatever the order of the listing, and no image ends the measurement."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dedup_assets.calibration.sampling import (
    PLANTED_SIDE_PX,
    SampledImage,
    UnreadableSample,
    choose_sample,
    read_image,
)
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.locations import parse_location
from dedup_assets.stages.reading.isolated_decoding import IsolatedDecoder
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph


def store_of(folder: Path, files: dict[str, bytes]) -> ImageStore:
    write_files(folder, files)
    return open_image_store(parse_location(str(folder)))


@pytest.fixture
def decoder() -> Iterator[IsolatedDecoder]:
    with IsolatedDecoder(1, 30.0) as decoder:
        yield decoder


def test_a_sample_depends_on_names_and_seed_alone(tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(40)]
    there = store_of(tmp_path / "there", dict.fromkeys(names, b"1"))
    back = store_of(tmp_path / "back", dict.fromkeys(reversed(names), b"22"))
    listed, chosen = choose_sample(there, 10, 0)
    assert (listed, len(chosen)) == (40, 10)
    assert [blob.path for blob in chosen] == [blob.path for blob in choose_sample(back, 10, 0)[1]]
    assert [blob.path for blob in chosen] == [blob.path for blob in choose_sample(there, 20, 0)[1]][:10]
    assert [blob.path for blob in chosen] != [blob.path for blob in choose_sample(there, 10, 1)[1]]


def test_a_small_source_is_taken_whole_and_other_files_are_not_images(tmp_path: Path) -> None:
    store = store_of(tmp_path / "few", {"a.jpg": b"1", "b.png": b"1", "notes.txt": b"1"})
    listed, chosen = choose_sample(store, 500, 0)
    assert (listed, sorted(blob.path for blob in chosen)) == (2, ["a.jpg", "b.png"])


def test_an_image_is_read_and_made_small_enough(tmp_path: Path, decoder: IsolatedDecoder) -> None:
    store = store_of(tmp_path / "one", {"large.jpg": jpeg(make_photograph(1, 1500, 900))})
    read = read_image(store, decoder, DecodeLimits(), choose_sample(store, 1, 0)[1][0])
    assert isinstance(read, SampledImage)
    assert (read.description.width_px, max(read.picture.shape)) == (1500, PLANTED_SIDE_PX)


@pytest.mark.parametrize("data", [b"", b"<html>", jpeg(make_photograph(1))[:900]])
def test_an_unreadable_image_is_named_with_its_cause(tmp_path: Path, decoder: IsolatedDecoder, data: bytes) -> None:
    store = store_of(tmp_path / "bad", {"bad.jpg": data})
    read = read_image(store, decoder, DecodeLimits(), choose_sample(store, 1, 0)[1][0])
    assert isinstance(read, UnreadableSample)
    assert (read.path, read.cause[-1:]) == ("bad.jpg", ".")


def test_an_image_that_has_gone_meanwhile_is_named(tmp_path: Path, decoder: IsolatedDecoder) -> None:
    store = store_of(tmp_path / "gone", {"gone.jpg": b"1"})
    blob = choose_sample(store, 1, 0)[1][0]
    (tmp_path / "gone" / "gone.jpg").unlink()
    assert isinstance(read_image(store, decoder, DecodeLimits(), blob), UnreadableSample)
