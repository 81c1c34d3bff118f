"""Commands that need no pipeline, and what all commands share: how errors are told, where tables lie.

Belongs here: looking at files, the database and the embedding service from a terminal. Does not belong here: runs (`cli.py`).
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dedup_assets.errors import MendableError
from dedup_assets.settings import LIMITS, CollectionSettings, variable_of

FAILED, INTERRUPTED = 1, 130
Command = Callable[..., Any]
STORE_OPTION = click.option(
    "--store",
    default="dedup-store",
    show_default=True,
    help="Folder or az://account/container/prefix of the tables and the report.",
)


def option_of(setting: str) -> str:
    """The option of one of `LIMITS`: the variable's name as options are written."""
    return "--" + variable_of(setting).removeprefix("DEDUP_").lower().replace("_", "-")


def limit_option(option: str, help_text: str) -> Callable[[Command], Command]:
    """The option of one of `LIMITS`, with its bounds."""
    (setting,) = (setting for setting in LIMITS if option_of(setting) == option)
    bounds = {
        name: bound
        for each in CollectionSettings.model_fields[setting].metadata
        for name, bound in asdict(each).items()
    }
    return click.option(option, setting, type=click.IntRange(bounds.get("ge", 1), bounds["le"]), help=help_text)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: one object a line.",
)
@click.option(
    "--stealth", is_flag=True, help="Also look for text hidden in the alpha channel, which decodes the picture."
)
def metadata(files: tuple[Path, ...], form: str, stealth: bool) -> None:
    """Show the generation metadata of image FILES: tool, parameters, and the hash of the recipe.

    A file that cannot be read has an `error` like any other; the exit code is then 1.
    """
    exit_code = 0
    for path in files:
        report, is_read = _metadata_report(path, stealth)
        exit_code = exit_code if is_read else FAILED
        click.echo(json.dumps(report) if form == "json" else _in_words(report))
    sys.exit(exit_code)


def _metadata_report(path: Path, stealth: bool) -> tuple[dict[str, object], bool]:
    from dedup_assets.generation_metadata.recipe import file_report

    try:
        if path.is_file():
            return file_report(str(path), path.read_bytes(), read_stealth=stealth), True
        problem = "it is a folder or a device" if path.exists() else "there is none"
    except OSError as cause:
        problem = str(cause.strerror)
    return {**file_report(str(path), b""), "error": f"the file cannot be read: {problem}"}, False


def _in_words(report: Mapping[str, object]) -> str:
    from dedup_assets.generation_metadata.recipe import storable_text

    known = {name: value for name, value in report.items() if value not in (None, [], ())}
    return "\n".join(f"{name}: {storable_text(str(value))}" for name, value in known.items()) + "\n"


@click.command()
@STORE_OPTION
@click.option("--status", "step", flag_value="status", help="Show every migration and when it was applied.")
@click.option("--dry-run", "step", flag_value="dry-run", help="Show what would be applied.")
def migrate(store: str, step: str | None) -> None:
    """Bring the database to the newest schema: the server of DATABASE_URL, or the embedded one of a store."""
    from dedup_assets.resources.database.connection import DatabaseResource
    from dedup_assets.resources.database.migrations import migrate as apply_migrations
    from dedup_assets.resources.database.migrations import migration_status, pending_migrations

    with plain_errors(), DatabaseResource(store=store).connect() as connection:
        if step == "status":
            for each in migration_status(connection):
                click.echo(f"{each.name}  {each.applied_at or 'not applied'}")
            return
        names = pending_migrations(connection) if step == "dry-run" else apply_migrations(connection)
        click.echo("\n".join(names) or "The schema is up to date.")


def without_secret(source: str) -> str:
    """Take a SAS token out of the address at once, and hand it on in the environment."""
    from dedup_assets.resources.locations import split_secret

    clean, sas = split_secret(source)
    if sas:
        os.environ["AZURE_STORAGE_SAS_TOKEN"] = sas
    return clean


@contextmanager
def plain_errors() -> Iterator[None]:
    """Errors that a person can mend end in one sentence, all others in their traceback."""
    try:
        yield
    except MendableError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
