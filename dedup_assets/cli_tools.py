"""Commands that need no pipeline, and what all commands share: how errors are told, where tables lie.

Belongs here: looking at files, the database and the embedding service from a terminal. Does not belong here: runs (`cli.py`).
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

FAILED = 1
STORE_OPTION = click.option(
    "--store",
    default="dedup-store",
    show_default=True,
    help="Folder or az://account/container/prefix of the tables and the report.",
)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
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
    """Show the generation metadata of image FILES: tool, parameters, and the hash of the recipe."""
    from dedup_assets.generation_metadata.recipe import file_report

    for path in files:
        report = file_report(str(path), path.read_bytes(), read_stealth=stealth)
        if form == "json":
            click.echo(json.dumps(report))
        else:
            known = {name: value for name, value in report.items() if value not in (None, [], ())}
            click.echo("\n".join(f"{name}: {value}" for name, value in known.items()) + "\n")


@click.command()
@STORE_OPTION
@click.option("--status", "step", flag_value="status", help="Show every migration and when it was applied.")
@click.option("--dry-run", "step", flag_value="dry-run", help="Show what would be applied.")
def migrate(store: str, step: str | None) -> None:
    """Bring the database to the newest schema: the server of DATABASE_URL, or the embedded one of a store."""
    from dedup_assets.resources.database import DatabaseResource
    from dedup_assets.resources.migrations import migrate as apply_migrations
    from dedup_assets.resources.migrations import migration_status, pending_migrations

    with plain_errors(), DatabaseResource(store=store).connect() as connection:
        if step == "status":
            for each in migration_status(connection):
                click.echo(f"{each.name}  {each.applied_at or 'not applied'}")
            return
        names = pending_migrations(connection) if step == "dry-run" else apply_migrations(connection)
        click.echo("\n".join(names) or "The schema is up to date.")


@click.command()
@click.option("--provider", default="descriptor", show_default=True, help="open_clip, timm, descriptor or dhash.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8008, show_default=True, help="Port to listen on.")
def serve_embeddings(provider: str, host: str, port: int) -> None:
    """Serve a local provider of embeddings over HTTP (POST /embeddings), for the provider `http` of other machines."""
    from dedup_assets.embedders.chain import choose_embedder
    from dedup_assets.embedders.server import EmbeddingServer
    from dedup_assets.embedders.settings import EmbedderSettings

    with plain_errors():
        embedder = choose_embedder([provider], EmbedderSettings()).embedder
        click.echo(f"{embedder.name} {embedder.model} {embedder.revision} on http://{host}:{port}/embeddings")
        try:
            EmbeddingServer((host, port), embedder).serve_forever()
        except KeyboardInterrupt:
            click.echo("Stopped.")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Errors that a person can mend end in one sentence, all others in their traceback."""
    try:
        yield
    except _expected_errors() as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)


def _expected_errors() -> tuple[type[Exception], ...]:
    from dedup_assets.automation.running import NoImagesError
    from dedup_assets.demo import NoPhotographsError
    from dedup_assets.discovery import LayoutError
    from dedup_assets.embedders.protocol import NoEmbedderError
    from dedup_assets.resources.collection import NoSourceError
    from dedup_assets.resources.database import DatabaseAccessError
    from dedup_assets.resources.image_store import StoreAccessError
    from dedup_assets.resources.locations import LocationError
    from dedup_assets.settings import SettingsError

    return (
        DatabaseAccessError, LayoutError, LocationError, NoEmbedderError, NoImagesError, NoPhotographsError, NoSourceError,
        SettingsError, StoreAccessError,
    )  # fmt: skip
