import os
import subprocess
import sys
from pathlib import Path

import pytest

from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.collections import Planted
from dedup_assets_tests.pipeline.conftest import LineOf
from dedup_assets_tests.pipeline.line import Line

PASSWORD = "correct-horse%40battery"
SECRETS = ("correct-horse%40battery", "correct-horse@battery", "correct-horse")


def holding(folder: Path, secrets: tuple[str, ...]) -> list[str]:
    """Files below a folder that hold a secret in their bytes or name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [
        str(path) for path in files for secret in secrets if secret.encode() in path.read_bytes() or secret in str(path)
    ]


@pytest.fixture
def line(line_of: LineOf) -> Line:
    return line_of([Planted("a/one.jpg", jpeg(make_photograph(1)), "one")])


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://somebody:{PASSWORD}@127.0.0.1:9/dedup",
        f"postgresql://somebody:{PASSWORD}@no-such-host.invalid/dedup",
        f"postgresql://somebody:{PASSWORD}@127.0.0.1:port/dedup",
        f"host=127.0.0.1 port=9 user=somebody password='{PASSWORD}'",
    ],
    ids=["closed port", "no such host", "malformed", "keywords"],
)
def test_the_password_of_an_unreachable_database_stands_nowhere(
    line: Line, tmp_path: Path, url: str, database_url: str
) -> None:
    environment = os.environ | {"DATABASE_URL": url, "XDG_DATA_HOME": str(tmp_path / "data")}
    command = [sys.executable, "-m", "dedup_assets.cli", "run", line.source, "--store", line.store]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    errors = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    assert errors == ended.stderr.splitlines()[-1:]
    assert "DATABASE_URL" in errors[0]
    assert "Traceback" not in ended.stderr
    assert not [secret for secret in SECRETS if secret in ended.stdout + ended.stderr]
    assert holding(tmp_path, SECRETS) == []


def test_the_password_of_a_database_that_is_used_stands_nowhere(
    line: Line, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url.replace("postgres@", f"postgres:{PASSWORD}@"))
    outcome = line.run()
    assert outcome.summary["images"] == 1
    assert holding(tmp_path, SECRETS) == []
