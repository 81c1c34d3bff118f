from pathlib import Path

import pytest

from dedup_assets.health import machine
from dedup_assets.health.machine import look_at_disks
from dedup_assets.settings import Settings


def test_every_disk_that_is_written_to_is_told_and_a_full_one_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEDUP_DATABASE_FOLDER", str(tmp_path / "databases"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    for name in ("databases", "home"):
        (tmp_path / name).mkdir()
    told = [str(finding) for finding in look_at_disks(Settings(store="az://account/container/not yet"))]
    assert [any(f"{tmp_path / name} has " in each for each in told) for name in ("databases", "home")] == [True, True]
    settings = Settings(store=str(tmp_path))
    told = [str(finding) for finding in look_at_disks(settings)]
    assert any(f"{tmp_path} has " in each and each.startswith("ok") for each in told)
    assert [str(finding) for finding in look_at_disks(Settings(store=str(tmp_path / "not yet")))] == told
    monkeypatch.setattr(machine, "LEAST_DISK_BYTES", 1 << 60)
    assert {finding.state for finding in look_at_disks(settings)} == {"wrong"}
