"""`dedup-assets migrate` on a real server."""

import pytest
from click.testing import CliRunner

from dedup_assets.cli import main


def test_migrate_applies_once_and_shows_the_status(database_url: str) -> None:
    assert database_url
    runner = CliRunner()
    assert "not applied" in runner.invoke(main, ["migrate", "--status"]).output
    pending = runner.invoke(main, ["migrate", "--dry-run"]).output
    assert "0001" in pending
    assert runner.invoke(main, ["migrate"]).output == pending
    assert runner.invoke(main, ["migrate"]).output == "The schema is up to date.\n"
    assert "not applied" not in runner.invoke(main, ["migrate", "--status"]).output


def test_a_wrong_database_is_one_sentence_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:hunter2@127.0.0.1:9/none")
    result = CliRunner().invoke(main, ["migrate"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "hunter2" not in result.output
