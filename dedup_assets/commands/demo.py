"""`dedup-assets demo`: what the pipeline does, shown on a small collection.

Belongs here: the option and what a person is told. Does not belong here: the collection (`demo_collection.py` of the package).
"""

from pathlib import Path

import click

from dedup_assets.commands.run import find_duplicates
from dedup_assets.settings import Settings

DEMO_FOLDER = Path(".demo")


@click.command()
@click.option(
    "--folder",
    default=DEMO_FOLDER,
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the demo's photographs and tables go.",
)
def demo(folder: Path) -> None:
    """Build a small collection of real photographs with planted copies, and find them."""
    from dedup_assets.demo_collection import build_demo_collection

    photographs, store = folder / "photographs", folder / "store"
    count = build_demo_collection(photographs)
    click.echo(
        f"{count} files in {photographs}: photographs, edited copies of them, a generated pair, two broken files."
    )
    find_duplicates(
        Settings(source=str(photographs), store=str(store), prefix_depth=2, at_terminal=True),
        again=["dedup-assets", "demo", "--folder", str(folder)],
    )
    click.echo(f"To look at the pipeline: dedup-assets ui --store {store}")
