"""Limits of memory: those that this process really has, and those of control groups, of which the files are laid out here."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dedup_assets.errors import SettingsError
from dedup_assets.health.memory import Limit, limits_on, look_at_memory, require_memory
from dedup_assets.settings import Settings

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (int(0.9e9), resource.RLIM_INFINITY))
from dedup_assets.health.memory import look_at_memory
from dedup_assets.settings import Settings
print(*look_at_memory(Settings(workers=8)))
"""
ONE_WORKER, EIGHT_WORKERS = 750 << 20, 1800 << 20


def test_memory_beyond_what_this_process_may_have_does_not_count() -> None:
    told = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True).stdout
    assert told.startswith(
        "wrong  memory       The limit of address space (ulimit -v) is 0.9 GB, where a run needs some "
    )
    assert told.endswith(" GB with 8 workers: raise it, or set it to unlimited\n")


def test_memory_that_the_machine_has_is_enough_for_few_workers() -> None:
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
    assert [finding.state for finding in look_at_memory(Settings(workers=1))] == ["ok"]
    require_memory(Settings(workers=1))


@pytest.mark.parametrize("megabytes", [300, 500, 1_000, 1_500, 2_000, 3_000, 4_000])
def test_a_run_with_less_address_space_than_it_needs_ends_at_once_with_one_sentence(
    megabytes: int, tmp_path: Path
) -> None:
    command = f'ulimit -v {megabytes * 1000} && exec "$0" -m dedup_assets run "$1" --store "$2" --workers 2'
    arguments = [sys.executable, str(tmp_path), str(tmp_path / "store")]
    ended = subprocess.run(["bash", "-c", command, *arguments], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    assert sentence.startswith(
        f"Error: The limit of address space (ulimit -v) is {megabytes / 1000 * 1.024:,.1f} GB, where"
    )
    assert sentence.endswith(" GB with 2 workers: raise it, or set it to unlimited.")
    assert not (tmp_path / "store").exists()


def test_the_limit_of_a_group_and_of_those_above_it_is_known_in_version_2(tmp_path: Path) -> None:
    own = _write(tmp_path / "cgroup", "0::/night/run\n")
    above = _write(tmp_path / "fs/night/memory.max", "1000000000\n")
    _write(tmp_path / "fs/night/run/memory.max", "max\n")
    assert list(limits_on(8, tmp_path / "fs", own)) == [
        Limit(f"The limit of memory in {above}", 1_000_000_000, EIGHT_WORKERS)
    ]


def test_the_limit_of_a_group_is_known_in_version_1(tmp_path: Path) -> None:
    own = _write(tmp_path / "cgroup", "9:name=systemd:/\n4:memory:/a:b/run\n3:cpuset:/\n0::/\n")
    limit = _write(tmp_path / "fs/memory/a:b/run/memory.limit_in_bytes", "1000000000\n")
    assert [(each.name, each.needed) for each in limits_on(1, tmp_path / "fs", own)] == [
        (f"The limit of memory in {limit}", ONE_WORKER)
    ]


def test_in_a_container_the_limit_stands_at_the_top_whatever_the_group_is_called_outside(tmp_path: Path) -> None:
    own = _write(tmp_path / "cgroup", "0::/docker/1234\n")
    limit = _write(tmp_path / "fs/memory.max", "1000000000\n")
    assert [each.name for each in limits_on(1, tmp_path / "fs", own)] == [f"The limit of memory in {limit}"]


def test_without_groups_there_is_no_limit_of_theirs(tmp_path: Path) -> None:
    assert list(limits_on(1, tmp_path / "fs", tmp_path / "cgroup")) == []


def test_too_many_workers_are_refused_in_a_sentence_that_says_what_would_do(tmp_path: Path) -> None:
    own = _write(tmp_path / "cgroup", "0::/\n")
    limit = _write(tmp_path / "fs/memory.max", "1000000000\n")
    require_memory(Settings(workers=1), limits_on(1, tmp_path / "fs", own))
    with pytest.raises(SettingsError) as refused:
        require_memory(Settings(workers=8), limits_on(8, tmp_path / "fs", own))
    assert str(refused.value) == (
        f"The limit of memory in {limit} is 1.0 GB, where a run needs some 1.9 GB with 8 workers: raise it, or run with fewer "
        "--workers."
    )


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
