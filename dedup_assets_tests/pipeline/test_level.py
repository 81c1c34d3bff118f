"""`--level near`: a line that ends after near-duplicates, and goes on from there when it is asked to."""

from dataclasses import replace
from pathlib import Path

import pytest

from dedup_assets.tables import EMBEDDINGS, NEAREST_PICTURES, SIMILAR_GROUPS
from dedup_assets_tests.pipeline.collections import labelled_collection
from dedup_assets_tests.pipeline.commands import dedup_assets
from dedup_assets_tests.pipeline.conftest import LineOf
from dedup_assets_tests.pipeline.line import Line, Outcome, table_files

NEAR = {"similar_groups": {"level": "near"}}
VECTORS = (EMBEDDINGS, SIMILAR_GROUPS, NEAREST_PICTURES)
SEARCH = "looked for: same bytes, same generation, near-duplicate; not searched by vectors: edited copy, look-alike"


def vector_files(line: Line) -> dict[str, tuple[int, bytes]]:
    """The files of the tables that hold vectors and what was found by them."""
    folders = tuple(f"tables/{table.name}/" for table in VECTORS)
    return {path: file for path, file in table_files(Path(line.store)).items() if path.startswith(folders)}


def shown(outcome: Outcome) -> tuple[bytes, bytes]:
    return outcome.csv, outcome.page


def duplicates(outcome: Outcome) -> set[str]:
    return {path for path, row in outcome.by_path.items() if row["Status"] == "Duplicate"}


@pytest.fixture
def copy(line_of: LineOf) -> Line:
    return line_of(labelled_collection())


def test_a_store_goes_from_near_to_copy_and_back_and_shows_what_a_fresh_one_does(copy: Line) -> None:
    near = replace(copy, policies=NEAR)
    first = near.run()
    assert vector_files(near) == {}
    assert first.work["embedded_images"] == 0
    assert SEARCH in first.text
    assert SEARCH.capitalize() in first.page.decode()

    full = copy.run()
    assert full.work["downloaded_images"] == 0
    assert full.work["embedded_images"] > 0
    assert "looked for" not in full.text + full.page.decode()
    assert shown(full) == shown(replace(copy, store=f"{copy.store}-fresh").run())
    assert duplicates(first) < duplicates(full)

    files = vector_files(copy)
    again = near.run()
    assert vector_files(copy) == files
    assert shown(again) == shown(first)
    assert again.work == {"downloaded_images": 0, "downloaded_bytes": 0, "verified_pairs": 0, "embedded_images": 0}

    back = copy.run()
    assert shown(back) == shown(full)
    assert back.work == again.work


def test_a_new_image_waits_for_its_vector_until_copies_are_asked_for(copy: Line) -> None:
    before = copy.run()
    path = next(path for path, row in before.by_path.items() if row["Status"] == "Best")
    (Path(copy.source) / path).rename(Path(copy.source) / f"{path}.moved.jpg")
    near = replace(copy, policies=NEAR).run()
    assert near.work["embedded_images"] == 0
    assert f"{path}.moved.jpg" in near.by_path
    assert shown(copy.run()) == shown(replace(copy, store=f"{copy.store}-fresh").run())


def test_the_command_takes_the_level_over_what_the_policies_say(copy: Line, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text("similar_groups: {neighbours: 3, level: near}")
    options = ("run", copy.source, "--store", copy.store, "--policies", tmp_path / "policies.yaml")
    assert SEARCH in dedup_assets(*options).out
    said = dedup_assets(*options, "--level", "copy")
    assert said.code == 0
    assert "looked for" not in said.out
    assert SEARCH in dedup_assets("run", copy.source, "--store", copy.store, "--level", "near").out
