"""Which rows of an earlier version stand: photographs in JPEG, and what gave no picture."""

from pathlib import Path

import numpy as np
import polars as pl

from dedup_assets.stages.reading.carried_rows import CARRIED_VERSION, find_drawn, must_be_read_again
from dedup_assets.stages.reading.rows import FEATURE_VERSION
from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.assets.stages import READING, stages_in
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import page
from dedup_assets_tests.photographs import jpeg


def test_rows_of_this_version_photographs_and_failures_stand() -> None:
    rows = pl.DataFrame(
        [
            (FEATURE_VERSION, "PNG", "ok", False),
            (CARRIED_VERSION, "JPEG", "ok", False),
            (CARRIED_VERSION, None, "corrupt", False),
            (CARRIED_VERSION, "PNG", "ok", True),
            (CARRIED_VERSION, "GIF", "ok", True),
            (CARRIED_VERSION - 1, "JPEG", "ok", True),
            (CARRIED_VERSION - 1, None, "corrupt", True),
        ],
        schema=["feature_version", "image_format", "decode_status", "expected"],
        orient="row",
    )
    assert rows.select(must_be_read_again()).to_series().to_list() == rows["expected"].to_list()


def test_pages_are_found_by_their_thumbnails(tmp_path: Path) -> None:
    photograph = jpeg(np.array(load_photograph("chelsea.png")))
    write_files(
        tmp_path / "photographs", {"a/page.jpg": jpeg(page(1)), "a/cat.jpg": photograph, "a/no.jpg": b"no image"}
    )
    stages = stages_in(tmp_path)
    stages.run(*READING)
    rows = stages.tables.read(IMAGE_FEATURES, "a", ["image_id", "path"])
    drawn = find_drawn(stages.tables, "a", rows["image_id"])
    assert rows.filter(pl.col("image_id").is_in(drawn.implode()))["path"].to_list() == ["a/page.jpg"]
