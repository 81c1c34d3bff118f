"""`dedup-assets doctor`: whether all that a store needs is there and in order.

Belongs here: the options, the lines and the exit code. Does not belong here: looking (`health/`).
"""

import sys
from typing import TYPE_CHECKING

import click

from dedup_assets.commands.shared import FAILED, STORE_OPTION, settings_of
from dedup_assets.errors import MendableError, SettingsError
from dedup_assets.settings import Settings

if TYPE_CHECKING:
    from dedup_assets.health.finding import Finding


@click.command()
@STORE_OPTION
@click.option("--repair", is_flag=True, help="Do what is safe: what loses nothing that cannot be had again.")
def doctor(store: str, repair: bool) -> None:
    """Look at everything that a run into STORE needs, and say in a line each what is wrong and what to do.

    Every byte of the tables is read and compared with its digest; nothing is changed but by --repair (a small file is written to
    the store and deleted). Exit code 1 where something is wrong. No secret is shown: the lines may be sent to somebody who helps.
    """
    is_well, repaired = _look(store, repair)
    if repaired:
        click.echo(f"note   {'again':11}  something was mended, so that all is looked at once more")
        is_well, _ = _look(store, repair=False)
    if not is_well:
        sys.exit(FAILED)


def _look(store: str, repair: bool) -> tuple[bool, bool]:
    """Tell each finding, and mend what can be mended if that is wanted; whether all is well, and whether anything was mended."""
    from dedup_assets.health.examining import examine

    is_well, repaired = True, False
    for finding in examine(_settings(store)):
        click.echo(finding)
        is_mended = repair and finding.repair is not None and _repair(finding)
        repaired |= is_mended
        is_well &= is_mended or finding.state != "wrong"
    return is_well, repaired


def _repair(finding: "Finding") -> bool:
    """Mend what was found, and say what was done, or why it cannot be."""
    assert finding.repair is not None
    try:
        click.echo(f"done   {finding.subject:11}  {finding.repair()}")
    except MendableError as error:
        click.echo(f"wrong  {finding.subject:11}  {error}")
        return False
    return True


def _settings(store: str) -> Settings:
    """Those of the last run; where their document is damaged, which is told later, those of the environment."""
    try:
        return settings_of(store, otherwise=Settings.from_environment)
    except SettingsError:
        raise
    except (MendableError, ValueError):
        return Settings.from_environment().model_copy(update={"store": store})
