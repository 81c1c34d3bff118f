"""Colours of a group are compared as its pictures lie upon the one that it keeps."""

from pathlib import Path

import numpy as np

from dedup_assets.assets import dedup_report
from dedup_assets.tables import DEDUP_REPORT
from dedup_assets_tests.assets.stages import GROUPING, stages_in
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled


def test_mirrored_and_turned_copies_have_the_colours_of_their_original(tmp_path: Path) -> None:
    photograph = make_photograph(1)
    mirrored, turned = np.ascontiguousarray(photograph[:, ::-1]), np.ascontiguousarray(np.rot90(photograph))
    files = {
        "a/whole.jpg": jpeg(photograph, quality=95),
        "a/mirrored.jpg": jpeg(scaled(mirrored, 0.7)),
        "b/turned.jpg": jpeg(scaled(turned, 0.7)),
        "b/another.jpg": jpeg(make_photograph(2)),
    }
    write_files(tmp_path / "photographs", files)
    stages = stages_in(tmp_path)
    stages.run(*GROUPING)
    stages.run(dedup_report)
    rows = stages.rows(DEDUP_REPORT)
    assert rows["a/whole.jpg"]["group_size"] == 3
    assert {rows[path]["avg_color_correlation"] for path in files} - {None} == {
        rows["a/whole.jpg"]["avg_color_correlation"]
    }
    assert rows["a/whole.jpg"]["avg_color_correlation"] > 0.99
    assert rows["b/another.jpg"]["avg_color_correlation"] is None
