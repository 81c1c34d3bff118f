import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dedup_assets.health import machine
from dedup_assets.health.machine import look_at_disks, look_at_memory
from dedup_assets.settings import Settings

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (int(0.9e9), resource.RLIM_INFINITY))
from dedup_assets.health.machine import look_at_memory
from dedup_assets.settings import Settings
print(*look_at_memory(Settings(workers=8)))
"""


def test_memory_beyond_what_this_process_may_have_does_not_count() -> None:
    told = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True).stdout
    assert told.startswith("wrong  memory       0.9 GB may be had, some 1.9 GB are needed by 8 workers: give it more")


def test_memory_that_the_machine_has_is_enough_for_few_workers() -> None:
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
    assert [finding.state for finding in look_at_memory(Settings(workers=1))] == ["ok"]


def test_every_disk_that_is_written_to_is_told_and_a_full_one_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(store=str(tmp_path))
    told = [str(finding) for finding in look_at_disks(settings)]
    assert any(f"{tmp_path} has " in each and each.startswith("ok") for each in told)
    monkeypatch.setattr(machine, "LEAST_DISK_BYTES", 1 << 60)
    assert {finding.state for finding in look_at_disks(settings)} == {"wrong"}
