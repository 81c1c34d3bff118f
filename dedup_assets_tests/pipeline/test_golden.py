"""The report of the labelled collection, beside the one that was looked at and kept in `golden/`.

What a golden file does not hold: where the source lay, seconds and memory, the page's style and script, and digests of
bytes that encoders made; these are numbered as they appear, so that equal bytes stay equal.
"""

import json
import re
from pathlib import Path

import pytest

from dedup_assets_tests.pipeline.collections import labelled_collection
from dedup_assets_tests.pipeline.conftest import LineOf
from dedup_assets_tests.pipeline.line import Line

GOLDEN = Path(__file__).parent.parent / "golden"
OF_THE_MACHINE = ("seconds", "peak_rss_mb")


NOT_SHOWN = re.compile(r"(<style>|<script>).*?(</style>|</script>)|'sha256-[^']*'", re.DOTALL)
SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


def report_of(line: Line) -> dict[str, str]:
    """The files of the report as people and scripts get them, by name, masked."""
    line.run()
    folder = Path(line.store) / "report"
    texts = {path.name: path.read_bytes().decode() for path in (*folder.glob("*.html"), *folder.glob("*.csv"))}
    figures = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    kept = {name: value for name, value in figures.items() if name not in OF_THE_MACHINE}
    texts["summary.json"] = json.dumps(kept, indent=2) + "\n"
    return {name: masked(text.replace(line.source, "SOURCE")) for name, text in texts.items()}


def masked(text: str) -> str:
    numbers: dict[str, str] = {}
    shown = NOT_SHOWN.sub(r"\1\2", text)
    return SHA256.sub(lambda found: numbers.setdefault(found[0], f"sha256-{len(numbers) + 1}"), shown)


def rewrite(report: dict[str, str]) -> None:
    for path in GOLDEN.iterdir():
        path.unlink()
    for name, text in report.items():
        (GOLDEN / name).write_bytes(text.encode())


def test_the_report_of_the_labelled_collection_is_the_golden_one(line_of: LineOf, pytestconfig: pytest.Config) -> None:
    report = report_of(line_of(labelled_collection()))
    if pytestconfig.getoption("--rewrite-golden"):
        rewrite(report)
    golden = {path.name: path.read_bytes().decode() for path in GOLDEN.iterdir()}
    assert set(report) == set(golden), "Read what changed, then `make golden`."
    for name, text in report.items():
        assert text.splitlines() == golden[name].splitlines(), f"{name}: read what changed, then `make golden`."
