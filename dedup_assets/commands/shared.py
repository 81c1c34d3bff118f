"""What commands share: options, exit codes, what an interrupt and an empty store are told with, addresses with secrets.

Belongs here: what two commands need. Does not belong here: what one needs, how errors end all of them (`cli.py`), and, at the
top of this or any other module of commands, an import that takes long: each command loads what it needs when it is called.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click

from dedup_assets.errors import SettingsError
from dedup_assets.settings import Settings

FAILED, INTERRUPTED = 1, 130
STORE_OPTION = click.option(
    "--store",
    default="dedup-store",
    show_default=True,
    help="Folder or az://account/container/prefix of the tables and the report.",
)


@contextmanager
def when_interrupted(sentence: str) -> Iterator[None]:
    """Ctrl-C ends the command with this sentence."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal was closed
            click.echo(f"\n{sentence}", err=True)
        sys.exit(INTERRUPTED)


def settings_of(store: str, otherwise: Callable[[], Settings | None] = lambda: None) -> Settings:
    """The settings of the last run into a store, or what is to be taken where there was none.

    Raises:
        SettingsError: there was none, and no source is known otherwise.
    """
    from dedup_assets.automation.running import recall

    settings = recall(store) or otherwise()
    if settings and settings.source:
        return settings
    raise SettingsError(f"Nothing was ever run into {store}: do `dedup-assets run SOURCE --store {store}` first.")


def without_secret(source: str) -> str:
    """Take a SAS token out of the address at once, and hand it on in the environment."""
    from dedup_assets.resources.locations import split_secret

    clean, sas = split_secret(source)
    if sas:
        os.environ["AZURE_STORAGE_SAS_TOKEN"] = sas
    return clean
