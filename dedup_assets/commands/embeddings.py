"""`dedup-assets embeddings`: the models whose vectors a store holds.

Belongs here: the options and what a person is told. Does not belong here: the work (`stages/vectors/stored_models.py`).
"""

import click

from dedup_assets.commands.shared import STORE_OPTION


@click.command()
@STORE_OPTION
@click.option(
    "--drop", "dropped", metavar="MODEL@REVISION", help="Forget all vectors of a model that is in use no more."
)
def embeddings(store: str, dropped: str | None) -> None:
    """List the models whose vectors STORE and its database hold, and drop those of a model.

    A changed model embeds beside the old one, whose vectors stay until they are dropped.
    """
    from dedup_assets.report.plain_words import counted
    from dedup_assets.resources.collection import Collection
    from dedup_assets.resources.database.connection import DatabaseResource
    from dedup_assets.stages.vectors.stored_models import drop_stored_model, find_stored_model, list_stored_models

    tables, database = Collection(store=store).tables(), DatabaseResource(store=store)
    models = list_stored_models(tables)
    if dropped:
        removed = drop_stored_model(tables, database, find_stored_model(models, dropped))
        click.echo(f"Dropped {counted(removed, 'vector')} of {dropped}.")
        return
    for each in models:
        holds = f"{counted(each.images, 'image')}  {counted(each.prompts, 'prompt')}"
        click.echo(f"{each.name}  {each.name.provider}  {holds}{each.note}")
    if not models:
        click.echo("There are no vectors yet.")
