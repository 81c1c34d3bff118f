"""Rows as other tools read them back, hostile names and all."""

import csv
import io
import json
from datetime import UTC, datetime

import polars as pl

from dedup_assets.report.data_set import encode, shape_images
from dedup_assets.resources.locations import parse_location
from dedup_assets_tests.report.test_csv_file import HOSTILE_PATHS, frame, row

IMAGES = frame([row(number, path, file_sha256=bytes([number]) * 32) for number, path in enumerate(HOSTILE_PATHS)])
VALUES = pl.DataFrame(
    {"sha": [b"\x01\xff", None], "box": [[0.5, 1.0], None], "at": [datetime(2026, 1, 1, tzinfo=UTC), None]}
)


def test_an_image_is_told_with_its_address_and_a_readable_digest() -> None:
    shaped = shape_images(IMAGES, parse_location("az://account/photos/2024"))
    urls = dict(shaped.select("path", "url").iter_rows())
    assert urls["a,b.jpg"] == "https://account.blob.core.windows.net/photos/2024/a%2Cb.jpg"
    assert urls["#.jpg"].endswith("/%23.jpg")
    assert shaped["path"].is_sorted()
    assert set(shaped["sha256"].str.len_chars()) == {64}
    assert shape_images(IMAGES, parse_location("/photos"))["url"].str.starts_with("file:///photos/").all()


def test_hostile_names_come_back_from_each_format() -> None:
    shaped = shape_images(IMAGES, parse_location("/photos"))
    paths = shaped["path"].to_list()
    assert pl.read_parquet(io.BytesIO(encode(shaped, "parquet"))).equals(shaped)
    lines = encode(shaped, "jsonl").decode().splitlines()
    assert [json.loads(line)["path"] for line in lines if line] == paths
    assert [each["path"] for each in csv.DictReader(io.StringIO(encode(shaped, "csv").decode(), newline=""))] == paths


def test_bytes_lists_and_times_are_told_in_text() -> None:
    (first, second) = csv.DictReader(io.StringIO(encode(VALUES, "csv").decode(), newline=""))
    assert (first["sha"], first["box"], first["at"][:10]) == ("01ff", "0.5 1.0", "2026-01-01")
    assert set(second.values()) == {""}
    told = json.loads(encode(VALUES, "jsonl").decode().splitlines()[0])
    assert (told["sha"], told["box"], told["at"][:10]) == ("01ff", [0.5, 1.0], "2026-01-01")
