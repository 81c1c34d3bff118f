"""The commands of the README, line by line as they stand there, in a copy of the working tree.

Two things are not done again. The copy has the installation of the Python that runs the tests (its `.venv/bin`, with the
stamp by which make knows that it is fresh), since to install takes minutes and a network; and `make test` is not run, since it
is what runs this. `~` and `az://account` are a home and an account made for the test.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dedup_assets_tests.azurite import running_azurite
from dedup_assets_tests.pipeline.collections import small_collection, write_collection
from dedup_assets_tests.pipeline.servers import Server, free_port, wait_for

PROJECT = Path(__file__).parent.parent.parent
BLOCKS = re.findall(r"```(sh|text)\n(.*?)```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines() if line != "make test"]
(SHOWN,) = (block for kind, block in BLOCKS if kind == "text")

PICTURES = small_collection()[:3]
OF_THE_MACHINE = re.compile(r"in [\d.]+ s, at most [\d,]+ MB of memory")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that git knows or would take, as they are now, and the installation."""
    folder = tmp_path_factory.mktemp("copy")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(lambda name: (PROJECT / name).is_file(), filter(None, names)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").mkdir()
    (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
    (folder / ".venv/installed").touch()
    return folder


@pytest.fixture(scope="module")
def environment(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where the package is the copy's, a home has Pictures, and an account a container of them."""
    home = tmp_path_factory.mktemp("home")
    write_collection(home / "Pictures", PICTURES)
    with running_azurite(tmp_path_factory.mktemp("azurite"), "account") as azurite:
        container = azurite.container("container")
        for planted in PICTURES:
            container.upload_blob(f"prefix/{planted.path}", planted.data)
        azurite.container("tables")
        own = {"PYTHONPATH": str(copy), "HOME": str(home), "XDG_DATA_HOME": str(home / ".local/share")}
        own["AZURE_STORAGE_CONNECTION_STRING"] = azurite.connection_string
        others = ("DEDUP_", "DAGSTER_", "MAKE", "MFLAGS")  # a make inside a make tells where it goes
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        yield kept | own


def said(command: str, copy: Path, environment: dict[str, str]) -> str:
    return subprocess.run(
        command, shell=True, cwd=copy, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def masked(text: str) -> list[str]:
    return OF_THE_MACHINE.sub("in … s, at most … MB of memory", text).splitlines()


def test_the_package_that_runs_is_the_one_of_the_copy(copy: Path, environment: dict[str, str]) -> None:
    where = said(".venv/bin/python -c 'import dedup_assets; print(dedup_assets.__file__)'", copy, environment)
    assert where.strip() == str(copy / "dedup_assets/__init__.py")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_the_readme_says(command: str, copy: Path, environment: dict[str, str]) -> None:
    if command.endswith(" ui"):
        assert_that_it_serves(command, copy, environment)
    else:
        out = said(command, copy, environment)
        assert command != "make demo" or masked(out) == masked(SHOWN)


def assert_that_it_serves(command: str, copy: Path, environment: dict[str, str]) -> None:
    """At a free port, as others may use the usual one; it never ends by itself."""
    port = free_port()
    process = subprocess.Popen(
        f"exec {command} --port {port}", shell=True, cwd=copy, env=environment, start_new_session=True
    )
    try:
        wait_for(Server(port, copy, process).is_up)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
