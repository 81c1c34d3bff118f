"""Full disks, read-only stores and stores that go, met by the command itself on disks of its own: one sentence, and going on."""

import errno
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from dedup_assets.commands.refused import refusal_of
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.commands import dedup_assets

RUN = f'{sys.executable} -m dedup_assets run "$SOURCE" --store "$STORE" --level near --workers 1'
ROOT = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
NOBODY = "setpriv --reuid 12345 --regid 12345 --clear-groups --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search"


@dataclass(frozen=True)
class Machine:
    """A source of a few images, and a place for the store; what is mounted there is seen by the script alone."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def run(self, script: str, **environment: str) -> tuple[int, list[str]]:
        """Run a script with its mounts; the code of its end, and the lines that it wrote to stderr."""
        names = {"SOURCE": str(self.folder / "photographs"), "STORE": str(self.store), "RUN": RUN}
        done = subprocess.run(
            [*ROOT, "sh", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | names | environment,
        )
        return done.returncode, done.stderr.splitlines()

    def fails(self, script: str, **environment: str) -> str:
        """The one sentence, after a look for all else that might stand there."""
        code, lines = self.run(script, **environment)
        assert code == 1, lines
        assert not [line for line in lines if "Traceback" in line]
        assert [line.startswith("Error: ") for line in lines] == [*[False] * (len(lines) - 1), True]
        return lines[-1].removeprefix("Error: ")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    write_files(tmp_path / "photographs", {f"a/{n}.jpg": jpeg(make_photograph(n, 96, 72)) for n in range(4)})
    (tmp_path / "store").mkdir()
    return Machine(tmp_path)


def on_a_disk(place: str, size: str, then: str) -> str:
    return f'mkdir -p "{place}" && mount -t tmpfs -o size={size} tmpfs "{place}" && {then}'


@pytest.mark.parametrize("place", ["$STORE", "$STORE/dagster"])
def test_a_full_disk_is_told_and_the_next_run_goes_on_once_there_is_room(machine: Machine, place: str) -> None:
    again = f'mount -o remount,size=100m "{place}" && {RUN}'
    code, lines = machine.run(on_a_disk(place, "300k", f"{RUN}; test $? = 1 && echo NOW >&2 && {again}"))
    assert code == 0, lines
    told = lines[lines.index("NOW") - 1]
    assert told.startswith("Error: ")
    assert "No space left on device" in told or "There is no room left in" in told
    assert not [line for line in lines if "Traceback" in line]


def test_a_full_disk_of_temporary_files_stops_no_run_for_another_folder_is_taken(machine: Machine) -> None:
    script = on_a_disk("$TMPDIR", "4k,nr_inodes=2", f'touch "$TMPDIR/taken"; {RUN}')
    code, lines = machine.run(script, TMPDIR=str(machine.folder / "temporary"))
    assert code == 0, lines


def test_a_store_that_became_read_only_is_told_before_images_are_read(machine: Machine) -> None:
    assert machine.run(RUN)[0] == 0
    write_files(machine.folder / "photographs", {"a/new.jpg": jpeg(make_photograph(9, 96, 72))})
    began = time.monotonic()
    sentence = machine.fails(f'mount --bind "$STORE" "$STORE" && mount -o remount,bind,ro "$STORE" && {RUN}')
    print(f"{time.monotonic() - began:.1f} s")
    assert sentence.startswith(f"{machine.store} cannot hold the tables: Read-only file system (")
    assert machine.run(RUN)[0] == 0


def test_the_store_of_another_user_is_told(machine: Machine) -> None:
    assert machine.run(RUN)[0] == 0
    write_files(machine.folder / "photographs", {"a/new.jpg": jpeg(make_photograph(9, 96, 72))})
    sentence = machine.fails(f"{NOBODY} {RUN}")
    assert sentence.startswith(f"{machine.store} cannot hold the tables: Permission denied (")


def test_a_store_that_is_deleted_meanwhile_is_told_and_the_next_run_makes_it_anew(machine: Machine) -> None:
    deleting = 'until test -d "$STORE/tables/image_features"; do sleep 0.05; done; rm -rf "$STORE"; rm -rf "$STORE"'
    sentence = machine.fails(f"({deleting}) & {RUN} --max-requests-per-s 2")
    assert sentence.startswith(f"{machine.store} was removed, or its disk taken away, while it was used")
    assert machine.run(RUN)[0] == 0


def test_a_user_without_a_name_is_told_before_images_are_read_where_vectors_are_wanted(machine: Machine) -> None:
    machine.store.chmod(0o777)
    sentence = machine.fails(f"{NOBODY} {RUN.replace('--level near', '')}")
    assert sentence.startswith("PostgreSQL does not start for the user 12345, who has no name: ")
    assert not (machine.store / "tables").exists()
    assert machine.run(f"{NOBODY} {RUN}", HOME="/")[0] == 0


def test_a_folder_of_the_embedded_server_that_cannot_be_used_is_told_before_images_are_read(machine: Machine) -> None:
    (machine.folder / "file").touch()
    run = RUN.replace("--level near", "")
    sentence = machine.fails(run, DEDUP_DATABASE_FOLDER=str(machine.folder / "file"))
    assert "cannot be written (Not a directory): set DEDUP_DATABASE_FOLDER to a folder" in sentence
    assert not (machine.store / "tables").exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:hunter2@127.0.0.1:9/x", "127.0.0.1:9/x (DAGSTER_DATABASE_URL): nothing listens there"),
        ("u:hunter2", "DAGSTER_DATABASE_URL is not a PostgreSQL URL; expected postgresql://"),
    ],
)
def test_a_database_of_dagsters_records_that_cannot_be_reached_is_told(machine: Machine, url: str, told: str) -> None:
    sentence = machine.fails(RUN, DAGSTER_DATABASE_URL=url)
    assert told in sentence
    assert "hunter2" not in sentence


def test_odd_signs_in_paths_of_source_and_store_are_taken_as_they_are(machine: Machine) -> None:
    source = machine.folder / "what? 100%#1"
    (machine.folder / "photographs").rename(source)
    odd = {
        "SOURCE": str(source),
        "STORE": str(machine.folder / "st?re 5%#"),
        "XDG_DATA_HOME": str(machine.folder / "data"),
    }
    for _ in range(2):
        code, lines = machine.run(RUN, **odd)
        assert code == 0, lines
    assert (machine.folder / "st?re 5%#/report/index.html").exists()


@pytest.mark.parametrize(("option", "code"), [("--help", 0), ("--nonsense", 2)])
def test_records_of_something_else_that_are_gone_are_none_of_a_commands_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, code: int
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    said = dedup_assets("run", option)
    assert said.code == code
    assert "was removed" not in said.err


def test_an_error_of_this_program_is_none_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert refusal_of(ValueError("a disk of a planet")) == ""
    assert refusal_of(FileNotFoundError(2, "No such file", "mistyped")) == ""


def fall_over(suppress: bool) -> None:
    """Meet an error of this program while one of the machine is handled."""
    try:
        raise PermissionError(errno.EACCES, "Permission denied", "somewhere")
    except PermissionError:
        if suppress:
            raise ValueError("a bug") from None
        raise ValueError("a bug")  # noqa: B904 (as a mistake in this place would)


@pytest.mark.parametrize("suppress", [True, False])
def test_an_error_of_this_program_while_one_of_the_machine_was_handled_keeps_its_traceback(suppress: bool) -> None:
    with pytest.raises(ValueError, match="a bug") as caught:
        fall_over(suppress)
    assert refusal_of(caught.value) == ""
