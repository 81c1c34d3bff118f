"""The same pipeline from a terminal.

Belongs here: which commands there are, and how errors and interrupts end them. Does not belong here: a command (`commands/`).
"""

import sys
from typing import Any

import click

from dedup_assets.commands.calibrate import calibrate
from dedup_assets.commands.decide import decide
from dedup_assets.commands.demo import demo
from dedup_assets.commands.doctor import doctor
from dedup_assets.commands.embedded_servers import embedded_servers
from dedup_assets.commands.embeddings import embeddings
from dedup_assets.commands.export import export
from dedup_assets.commands.forget import forget
from dedup_assets.commands.metadata import metadata
from dedup_assets.commands.migrate import migrate
from dedup_assets.commands.organize import organize
from dedup_assets.commands.refused import refusal_of
from dedup_assets.commands.run import run
from dedup_assets.commands.serve_embeddings import serve_embeddings
from dedup_assets.commands.shared import FAILED, when_interrupted
from dedup_assets.commands.similar import similar
from dedup_assets.commands.ui import ui
from dedup_assets.errors import MendableError

COMMANDS = [
    calibrate, decide, demo, doctor, embedded_servers, embeddings, export, forget, metadata, migrate, organize, run,
    serve_embeddings, similar, ui,
]  # fmt: skip


class Commands(click.Group):
    """What every command shares: how it ends."""

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; errors that a person can mend end in one sentence, all others in their traceback.

        Errors of the machine, such as a full disk, can be mended, too.
        """
        try:
            with when_interrupted("Interrupted."):
                return super().invoke(ctx)
        except click.NoSuchOption as error:
            hint = "" if error.option_name.startswith("--") else " A path that begins with a dash is written ./-NAME."
            raise click.UsageError(error.format_message() + hint, error.ctx) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            sentence = str(error) if isinstance(error, MendableError) else refusal_of(error)
            if not sentence:
                raise
            click.echo(f"Error: {sentence}", err=True)
            sys.exit(FAILED)


@click.group(
    cls=Commands, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Find duplicate images in a folder or a container, keep the best of each, and explain every decision.

    \b
    dedup-assets run ~/Pictures                       a folder
    dedup-assets run az://account/container/prefix    a container in Azure
    dedup-assets ui                                   the same in the Dagster UI

    Nothing is ever deleted, moved or changed in the source. The tables, the report and the pictures in it go to the
    store. A second run reads only what is new. Credentials for Azure come from the environment:
    AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, or else a managed identity.
    """


if __name__ == "__main__":
    main()
