"""`dedup-assets export` as a person types it."""

from pathlib import Path

import polars as pl
from click.testing import CliRunner

from dedup_assets.automation.running import remember
from dedup_assets.cli import main
from dedup_assets.resources.tables.store import open_tables
from dedup_assets.settings import Settings
from dedup_assets.tables import DEDUP_REPORT
from dedup_assets_tests.report.test_csv_file import frame, row


def test_the_report_is_written_and_an_unknown_table_is_refused_with_those_there_are(tmp_path: Path) -> None:
    store, out = str(tmp_path / "store"), str(tmp_path / "out")
    nothing = CliRunner().invoke(main, ["export", out, "--store", store])
    assert (nothing.exit_code, "Nothing was ever run" in nothing.output) == (1, True)
    remember(Settings(source=str(tmp_path), store=store))
    open_tables(store).rewrite(DEDUP_REPORT, "all", frame([row(1, "a.jpg")]), "")
    done = CliRunner().invoke(main, ["export", out, "--store", store])
    assert (done.exit_code, done.output) == (0, f"1 row in 1 file below {out}.\n")
    assert pl.read_parquet(Path(out) / "*" / "*.parquet")["url"].to_list() == [(tmp_path / "a.jpg").as_uri()]
    wrong = CliRunner().invoke(main, ["export", out, "--store", store, "--table", "images"])
    assert (wrong.exit_code, "there are dedup_report, embeddings" in wrong.output) == (1, True)
