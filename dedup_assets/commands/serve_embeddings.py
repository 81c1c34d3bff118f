"""`dedup-assets serve-embeddings`: a provider of vectors for other machines.

Belongs here: the options and what a person is told. Does not belong here: the service (`embedders/server.py`).
"""

import click

from dedup_assets.settings import read_policies


@click.command()
@click.option("--provider", default="descriptor", show_default=True, help="open_clip, timm, onnx, descriptor or dhash.")
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
    from dedup_assets.embedders.server import EmbeddingServer
    from dedup_assets.policies import EmbeddingPolicy
    from dedup_assets.stages.reading.isolated_decoding import SentPictures

    policy = EmbeddingPolicy.build("embeddings", read_policies(policies).get("embeddings", {}))
    try:
        with choose_embedder([provider], policy.embedder_settings()) as choice, SentPictures() as pictures:
            served = choice.embedder
            server = EmbeddingServer(host, port, served, pictures.read)
            click.echo(f"{served.name} {served.model} {served.revision} on {server.url}")
            server.serve_forever()
    except KeyboardInterrupt:
        click.echo("Stopped.")
