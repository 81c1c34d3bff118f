"""`dedup-assets organize`: best/ and duplicates/ beside the source.

Belongs here: the options and what a person is told. Does not belong here: the copies (`assets/organized_blobs.py`).
"""

import sys

import click

from dedup_assets.commands.shared import FAILED, STORE_OPTION, settings_of


@click.command()
@STORE_OPTION
@click.option("--apply", "action", flag_value="apply", help="Make the copies that the plan names.")
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
    states = rows["state"].value_counts(sort=True).iter_rows()
    told = ", ".join(f"{count:,} {state}" for state, count in states) or "There is nothing to copy"
    click.echo(f"{told}, in {Collection(**settings.collection).images().organized_root}.")
    causes = list(rows.drop_nulls("cause").select("path", "cause").sort("path").iter_rows())
    for path, cause in causes:
        click.echo(f"  {path}: {cause}", err=True)
    sys.exit(FAILED if causes else 0)
