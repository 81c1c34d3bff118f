"""The group of commands: its help, and how errors and interrupts end any of them."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from dedup_assets import commands, errors
from dedup_assets.cli import Commands, main
from dedup_assets.errors import MendableError
from dedup_assets_tests.pipeline.commands import dedup_assets

COMMANDS = sorted(main.commands)
ERRORS = [each for each in vars(errors).values() if isinstance(each, type)]
MENDABLE = [each for each in ERRORS if issubclass(each, MendableError)]
LOADED_BY_HELP = """
import sys
before = set(sys.modules)
from dedup_assets.cli import main
main(["--help"], standalone_mode=False)
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
"""


def test_every_command_has_a_file_of_its_own() -> None:
    files = {path.stem for path in Path(commands.__path__[0]).glob("*.py")} - {"__init__", "refused", "shared"}
    assert files == {name.replace("-", "_") for name in COMMANDS}


def test_the_help_is_a_page_for_people() -> None:
    said = dedup_assets("--help")
    assert said.code == 0
    assert "Find duplicate images in a folder or a container" in said.out
    assert "Nothing is ever deleted, moved or changed in the source." in said.out
    assert all(f"\n  {name} " in said.out for name in COMMANDS)
    assert max(map(len, said.out.splitlines())) <= 120


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_its_options(name: str) -> None:
    said = dedup_assets(name, "--help")
    assert said.code == 0
    command = main.commands[name]
    assert command.help
    undescribed = [each.name for each in command.params if isinstance(each, click.Option) and not each.help]
    assert undescribed == []


def test_the_help_loads_nothing_of_the_pipeline() -> None:
    said = subprocess.run([sys.executable, "-c", LOADED_BY_HELP], check=True, capture_output=True, text=True).stdout
    loaded = set(said.splitlines()[-1].split())
    assert "click" in loaded
    assert not loaded & {"azure", "cv2", "dagster", "numpy", "obstore", "PIL", "polars", "psycopg", "sqlalchemy"}


def ended_by(error: BaseException) -> Result:
    """How a command ends that raises this."""

    @click.command()
    def stumble() -> None:
        raise error

    return CliRunner().invoke(Commands(commands=[stumble]), ["stumble"])


@pytest.mark.parametrize("error", MENDABLE)
def test_what_a_person_can_mend_ends_a_command_in_its_sentence(error: type[MendableError]) -> None:
    said = ended_by(error("It is so: do that."))
    assert (said.exit_code, said.output) == (1, "Error: It is so: do that.\n")


@pytest.mark.parametrize("error", [*(error for error in ERRORS if error not in MENDABLE), ZeroDivisionError])
def test_any_other_error_ends_a_command_in_its_traceback(error: type[Exception]) -> None:
    assert isinstance(ended_by(error()).exception, error)


def test_an_interrupt_that_no_command_tells_of_itself_is_one_word() -> None:
    said = ended_by(KeyboardInterrupt())
    assert (said.exit_code, said.output) == (130, "\nInterrupted.\n")


def test_a_source_that_looks_like_an_option_is_told_how_to_be_written() -> None:
    said = dedup_assets("run", "-odd")
    assert said.code == 2
    assert said.err.splitlines()[-1].startswith("Error: No such option")
    assert said.err.splitlines()[-1].endswith("A path that begins with a dash is written ./-NAME.")
    assert "./-NAME" not in dedup_assets("run", "--odd", "photos").err
