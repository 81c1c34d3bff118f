import os
import unicodedata
from pathlib import Path

import pytest

from dedup_assets_tests.photographs import jpeg, make_photograph, scaled
from dedup_assets_tests.pipeline.collections import Planted
from dedup_assets_tests.pipeline.conftest import LineOf

NAMES = (
    "plain.jpg", "two words.jpg", " leading and trailing .jpg", "50% off.jpg", "%2F.jpg", "a#b?c=d&e.jpg", "tab\there.jpg",
    "line\nbreak.jpg", "'quoted'.jpg", '"double".jpg', "comma, semicolon;.jpg", "back\\slash.jpg", "[brackets] {x}.jpg",
    "=cmd().jpg", "-dash.jpg", "🦀 emoji 👩‍👩‍👧.jpg", "日本語.jpg", "…three dots...jpg", "pipe|star*.jpg", "~tilde.jpg",
    "no suffix",    unicodedata.normalize("NFC", "Überblick.jpg"), unicodedata.normalize("NFD", "Überblick.jpg"),
)  # fmt: skip
PREFIXES = (
    "Überblick & Co", unicodedata.normalize("NFD", "Überblick & Co"), "100% #1", "it's \"quoted\"", "🦀", "a,b|c[d]...e",
)  # fmt: skip


@pytest.fixture(scope="module")
def files() -> list[Planted]:
    """One picture under every name, each file of other bytes, and a prefix of every kind."""
    picture = make_photograph(7, 200, 150)
    return [
        Planted(f"{PREFIXES[number % len(PREFIXES)]}/{name}", jpeg(scaled(picture, 1 - number / 100)), "one")
        for number, name in enumerate(NAMES)
    ]


def test_every_name_stands_in_the_report_exactly_as_it_is(line_of: LineOf, files: list[Planted]) -> None:
    line = line_of(files)
    outcome = line.run()
    assert sorted(outcome.by_path) == sorted(planted.path for planted in files)
    assert outcome.summary["unreadable"] == 0
    assert len(outcome.groups) == 1
    assert outcome.summary["duplicates"] == len(files) - 1
    assert line.run().work["downloaded_images"] == 0
    counts = line.organize("apply")
    assert counts == {"copied": len(files)}
    copies = Path(f"{line.source}_deduplicated")
    for folder in ("best", "duplicates"):
        for path in (copies / folder).rglob("*.*"):
            if path.is_file():
                assert path.read_bytes() == (Path(line.source) / path.relative_to(copies / folder)).read_bytes()
    assert sum(path.is_file() for path in copies.rglob("*")) == len(files)


def test_a_name_that_is_no_utf_8_is_read_and_named_in_the_report(line_of: LineOf) -> None:
    line = line_of([Planted("a/plain.jpg", jpeg(make_photograph(1)), "one")])
    raw = os.fsencode(line.source) + b"/a/caf\xe9.jpg"
    Path(os.fsdecode(raw)).write_bytes(jpeg(make_photograph(2)))
    outcome = line.run()
    assert len(outcome.rows) == 2
    assert {row["Status"] for row in outcome.rows} == {"Best"}
    assert any("caf" in path for path in outcome.by_path)
