"""`dedup-assets embeddings`: the models whose vectors a store holds, and which one it keeps.

Belongs here: the options and what a person is told. Does not belong here: the work (`stages/vectors/stored_models.py`,
`stages/vectors/kept_model.py`).
"""

import click

from dedup_assets.commands.shared import STORE_OPTION, settings_of


@click.group(invoke_without_command=True)
@STORE_OPTION
@click.option(
    "--drop", "dropped", metavar="MODEL@REVISION", help="Forget all vectors of a model that is in use no more."
)
@click.pass_context
def embeddings(context: click.Context, store: str, dropped: str | None) -> None:
    """List the models whose vectors STORE and its database hold, drop those of a model, or take another.

    A store keeps the model that it began with. Another embeds beside the old one, whose vectors stay until they are dropped.
    """
    from dedup_assets.report.plain_words import counted
    from dedup_assets.resources.collection import Collection
    from dedup_assets.resources.database.connection import DatabaseResource
    from dedup_assets.stages.vectors.kept_model import kept_model
    from dedup_assets.stages.vectors.stored_models import drop_stored_model, find_stored_model, list_stored_models

    if context.invoked_subcommand:
        if dropped or context.get_parameter_source("store") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("Options stand behind the command: embeddings use PROVIDER --store STORE.")
        return
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
    kept = kept_model(tables)
    if kept and not any(each.is_in_use and str(each.name) == str(kept) for each in models):
        click.echo(f"The next run takes {kept}.")


@embeddings.command()
@click.argument("provider")
@STORE_OPTION
def use(provider: str, store: str) -> None:
    """Take the model of PROVIDER, with the policies of the last run, as the one that STORE keeps from the next run on.

    PROVIDER is open_clip, timm, onnx, http, descriptor or dhash. The next run embeds all kept pictures with it that it did
    not embed before.
    """
    from dedup_assets.policies import EmbeddingPolicy
    from dedup_assets.resources.collection import Collection
    from dedup_assets.stages.vectors.kept_model import cost_of_switching, use_provider

    policy = EmbeddingPolicy.build("embeddings", settings_of(store).policies.get("embeddings", {}))
    tables = Collection(store=store).tables()
    model = use_provider(tables, policy, provider)
    click.echo(f"The next run takes {model}: it {cost_of_switching(tables)}.")
