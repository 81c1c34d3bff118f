"""The command line within the test's own process.

Belongs here: calling `dedup-assets` and reading what it says. Does not belong here: tests.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from dedup_assets.cli import main


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line of an error, without "Error: "."""
        (line,) = self.err.splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")


def dedup_assets(*arguments: str | Path) -> Said:
    """Call the command; errors that it does not expect are raised. What it sets in the environment is taken back."""
    before = dict(os.environ)
    try:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    finally:
        os.environ.clear()
        os.environ.update(before)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)
