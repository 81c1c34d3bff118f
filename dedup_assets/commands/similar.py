"""`dedup-assets similar`: what a store holds that looks like one image.

Belongs here: the options and what a person is told. Does not belong here: the search (`stages/vectors/similar_images.py`).
"""

import click

from dedup_assets.commands.shared import STORE_OPTION, settings_of


@click.command()
@click.argument("image")
@STORE_OPTION
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 500), help="How many are shown.")
@click.option("--prefix", default="", help="Only images whose path begins so.")
def similar(image: str, store: str, limit: int, prefix: str) -> None:
    """Show the images of STORE whose vectors are nearest to IMAGE, with the cosine of each; of near-duplicates the kept one.

    IMAGE is an image of the report, named as in `decide`, or any file, which is then embedded as the store's images were.
    Nothing is verified and nothing is written: "same group", "same bytes" and "duplicate of", for a copy that the report does
    not keep, are what the last run found out.
    """
    from dedup_assets.policies import EmbeddingPolicy
    from dedup_assets.report.plain_words import visible
    from dedup_assets.resources.collection import Collection
    from dedup_assets.resources.database.connection import DatabaseResource
    from dedup_assets.stages.vectors.similar_images import SimilarImages

    settings = settings_of(store)
    policy = EmbeddingPolicy.build("embeddings", settings.policies.get("embeddings", {}))
    tables, database = Collection(store=store).tables(), DatabaseResource(store=store)
    images = SimilarImages.open(tables, database, settings.source, policy.embedder_settings())
    found = images.find(image, limit, prefix)
    for each in found.images:
        click.echo(f"{each.cosine:6.3f}  {visible(each.path)}{'  ' + each.relation if each.relation else ''}")
    if found.note:
        click.echo(found.note, err=True)
