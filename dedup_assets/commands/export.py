"""`dedup-assets export`: the report or a table for other tools.

Belongs here: the options and what a person is told. Does not belong here: what is written (`stages/exporting.py`).
"""

from typing import TYPE_CHECKING, cast

import click

from dedup_assets.commands.shared import STORE_OPTION, settings_of, without_secret
from dedup_assets.report.plain_words import counted

if TYPE_CHECKING:
    from dedup_assets.report.data_set import Format


@click.command()
@click.argument("out")
@STORE_OPTION
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "jsonl"]),
    default="parquet",
    show_default=True,
    help="csv and jsonl tell bytes in hex.",
)
@click.option(
    "--table", "name", help="A table of docs/TABLES.md with all its columns, in place of the images of the report."
)
def export(out: str, store: str, form: str, name: str | None) -> None:
    """Write what was found as one clean data set into OUT, a folder or az://account/container/prefix.

    One row an image: path, url, sha256, size, status, group, level, representative, reasons and scores. A file a partition,
    `partition=…/rows.parquet`, which DuckDB, polars and others read as one table. An export of the same kind that is
    there is replaced. The files below `tables/` in the store are not such a data set: replaced ones stay for a day.
    """
    from dedup_assets.errors import ExportError
    from dedup_assets.resources.locations import parse_location
    from dedup_assets.resources.tables.store import open_tables
    from dedup_assets.stages.exporting import export_table
    from dedup_assets.tables import TABLES

    out, settings = without_secret(out), settings_of(store)
    known = {table.name: table for table in TABLES}
    if name is not None and name not in known:
        raise ExportError(f"There is no table {name!r}; there are {', '.join(sorted(known))}.")
    rows, files = export_table(
        open_tables(store),
        known[name] if name else None,
        cast("Format", form),
        parse_location(settings.source),
        parse_location(out),
    )
    click.echo(f"{counted(rows, 'row')} in {counted(files, 'file')} below {out}.")
