"""Where Dagster keeps its records: under a home of the test's own, or in a database server."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets_tests.resources.database.conftest import wait_until_stopped

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A database server in a folder that its account may enter, which pytest's own is not for root."""
    with tempfile.TemporaryDirectory(prefix="dedup-postgres-") as folder:
        Path(folder).chmod(0o711)
        running = EmbeddedPostgres.start(Path(folder) / "records")
        yield running
        running.release()
        wait_until_stopped(running.directory)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the project's own `dagster.yaml`."""
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path
