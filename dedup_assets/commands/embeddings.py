"""Commands around vectors: serving a provider to other machines, and the models whose vectors a store holds.

Belongs here: their options and what a person is told. Does not belong here: the work (`embedders/`,
`stages/vectors/stored_models.py`).
"""

import click

from dedup_assets.commands.tools import STORE_OPTION, plain_errors


@click.command()
@click.option("--provider", default="descriptor", show_default=True, help="open_clip, timm, descriptor or dhash.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8008, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--policies", type=click.Path(dir_okay=False), help="YAML file whose section embeddings names the model.")
def serve_embeddings(provider: str, host: str, port: int, policies: str | None) -> None:
    """Serve a local provider of embeddings over HTTP (POST /embeddings), for the provider `http` of other machines.

    It answers {"images": [base64, ...]} with {"model", "revision", "dimension", "embeddings": [[...] or null, ...]}. It knows
    no passwords: let it listen where only those who may use it can reach it.
    """
    from dedup_assets.embedders.chain import choose_embedder
    from dedup_assets.embedders.server import serve_forever
    from dedup_assets.policies import EmbeddingPolicy
    from dedup_assets.settings import read_policies

    with plain_errors():
        policy = EmbeddingPolicy.build("embeddings", read_policies(policies).get("embeddings", {}))
        try:
            with choose_embedder([provider], policy.embedder_settings()) as choice:
                served = choice.embedder
                told = f"{served.name} {served.model} {served.revision}"
                serve_forever(served, host, port, lambda url: click.echo(f"{told} on {url}"))
        except KeyboardInterrupt:
            click.echo("Stopped.")


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

    with plain_errors():
        tables, database = Collection(store=store).tables(), DatabaseResource(store=store)
        models = list_stored_models(tables)
        if dropped:
            removed = drop_stored_model(tables, database, find_stored_model(models, dropped))
            click.echo(f"Dropped {counted(removed, 'vector')} of {dropped}.")
            return
        for each in models:
            holds = f"{counted(each.images, 'image')}  {counted(each.prompts, 'prompt')}"
            click.echo(f"{each.name}  {each.provider}  {holds}{each.note}")
        if not models:
            click.echo("There are no vectors yet.")
