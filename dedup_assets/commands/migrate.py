"""`dedup-assets migrate`: the schema of the database.

Belongs here: the options and what a person is told. Does not belong here: migrations (`resources/database/migrations.py`).
"""

import click

from dedup_assets.commands.shared import STORE_OPTION


@click.command()
@STORE_OPTION
@click.option("--status", "step", flag_value="status", help="Show every migration and when it was applied.")
@click.option("--dry-run", "step", flag_value="dry-run", help="Show what would be applied.")
def migrate(store: str, step: str | None) -> None:
    """Bring the database to the newest schema: the server of DATABASE_URL, or the embedded one of a store."""
    from dedup_assets.resources.database.connection import DatabaseResource
    from dedup_assets.resources.database.migrations import migrate as apply_migrations
    from dedup_assets.resources.database.migrations import migration_status

    with DatabaseResource(store=store).connect() as connection:
        if step == "status":
            for each in migration_status(connection):
                click.echo(f"{each.name}  {each.applied_at or 'not applied'}")
            return
        if step == "dry-run":
            names = [each.name for each in migration_status(connection) if each.applied_at is None]
        else:
            names = apply_migrations(connection)
        click.echo("\n".join(names) or "The schema is up to date.")
