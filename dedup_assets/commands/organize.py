"""`dedup-assets organize`: best/ and duplicates/ beside the source.

Belongs here: the options and what a person is told. Does not belong here: the copies (`assets/organized_blobs.py`).
"""

import sys
from typing import TYPE_CHECKING

import click

from dedup_assets.commands.shared import FAILED, STORE_OPTION, settings_of
from dedup_assets.report.plain_words import counted

if TYPE_CHECKING:
    import polars as pl

MOST_STALE_NAMED = 20


@click.command()
@STORE_OPTION
@click.option("--apply", "action", flag_value="apply", help="Make the copies that the plan names; none is removed.")
@click.option(
    "--remove-stale",
    "action",
    flag_value="remove_stale",
    help="Remove copies that are wanted no more, as long as nobody changed them.",
)
@click.option(
    "--undo", "action", flag_value="undo", help="Remove the copies that were made, as long as nobody changed them."
)
@click.option(
    "--plan", "action", flag_value="plan", default="plan", help="Only write down what would be copied.  [default]"
)
@click.option(
    "--companions/--no-companions",
    default=True,
    help="Raw files, films and sidecars go along with their image.  [default]",
)
def organize(store: str, action: str, companions: bool) -> None:
    """Copy the source into best/ and duplicates/ beside it; the source itself is left as it is."""
    from dedup_assets.automation.running import organize as organize_all
    from dedup_assets.automation.running import prepare_home
    from dedup_assets.resources.collection import Collection
    from dedup_assets.resources.progress import terminal

    settings = settings_of(store)
    prepare_home(settings)
    terminal()
    from dedup_assets.definitions import build_definitions

    rows = organize_all(
        build_definitions(settings.model_copy(update={"at_terminal": True})), settings, action, companions
    )
    click.echo(f"{_tell(rows, action)}, in {Collection(**settings.collection).images().organized_root}.")
    _name_stale(rows)
    causes = list(rows.drop_nulls("cause").select("path", "cause").sort("path").iter_rows())
    for path, cause in causes:
        click.echo(f"  {path}: {cause}", err=True)
    sys.exit(FAILED if causes and action != "plan" else 0)


def _tell(rows: "pl.DataFrame", action: str) -> str:
    """How many files are in which state; after an undo, how many copies are there."""
    if action == "undo":
        return f"{counted(int((rows['state'] != 'planned').sum()), 'copy', 'copies')} still there"
    states = rows["state"].value_counts(sort=True).iter_rows()
    return ", ".join(f"{count:,} {state}" for state, count in states) or "There is nothing to copy"


def _name_stale(rows: "pl.DataFrame") -> None:
    """Name the copies that are wanted no more, which nothing but --remove-stale and --undo removes."""
    stale = rows.filter(rows["state"] == "stale")["destination"].sort()
    for destination in stale.head(MOST_STALE_NAMED):
        click.echo(f"  stale: {destination}")
    if len(stale):
        more = len(stale) - MOST_STALE_NAMED
        others = f"  and {counted(more, 'other')}, in the table organized_blobs; " if more > 0 else "  "
        click.echo(f"{others}--remove-stale removes them, but for those that somebody changed.")
