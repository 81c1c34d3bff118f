from pathlib import Path

import pytest

from dedup_assets.health import machine
from dedup_assets.health.machine import look_at_disks
from dedup_assets.settings import Settings


def test_every_disk_that_is_written_to_is_told_and_a_full_one_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(store=str(tmp_path))
    told = [str(finding) for finding in look_at_disks(settings)]
    assert any(f"{tmp_path} has " in each and each.startswith("ok") for each in told)
    monkeypatch.setattr(machine, "LEAST_DISK_BYTES", 1 << 60)
    assert {finding.state for finding in look_at_disks(settings)} == {"wrong"}
