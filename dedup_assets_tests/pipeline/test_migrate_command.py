"""`dedup-assets migrate` on a real server."""

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
