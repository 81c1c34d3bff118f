"""`dedup-assets ui`: the Dagster UI on a store.

Belongs here: the options, and being Dagster's process from then on. Does not belong here: its configuration
(`automation/running.py`).
"""

import os
import warnings

import click

from dedup_assets.commands.shared import STORE_OPTION, settings_of
from dedup_assets.errors import ServiceEndedError
from dedup_assets.settings import Settings


@click.command()
@STORE_OPTION
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port to listen on.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    help="Name by which browsers may call it, beside its address and localhost; may be repeated.",
)
def ui(store: str, host: str, port: int, hosts: tuple[str, ...]) -> None:
    """Open the Dagster UI on a store that was filled by `run` or `demo`, with nothing to configure.

    It knows no passwords, and answers to its own name and pages only, so that no other page in the same browser can use it.
    """
    from dagster import DagsterInstance, SupersessionWarning

    from dedup_assets.automation.interrupting import interruptible
    from dedup_assets.automation.running import prepare_home
    from dedup_assets.instance.local_launcher import fail_unstarted_runs
    from dedup_assets.serving.dagster_ui import dev_command
    from dedup_assets.serving.listening import listen

    listen(host, port).close()  # refused before anything is started: the web server is among the last of the services
    settings = settings_of(store, otherwise=Settings.from_environment)
    home = prepare_home(settings.model_copy(update={"store": store}))
    os.environ["DEDUP_ALLOWED_HOSTS"] = " ".join((_address(host, port), *hosts))
    os.chdir(home)
    with DagsterInstance.get() as instance:
        fail_unstarted_runs(instance)
    warnings.simplefilter("ignore", SupersessionWarning)
    click.echo(f"Open http://{_address(host, port)} in a browser, as soon as it is served. Ctrl-C ends it.")
    with interruptible() as interrupts:
        dev_command.main(["-w", str(home / "workspace.yaml"), "-h", host, "-p", str(port)], standalone_mode=False)
    if not interrupts:
        raise ServiceEndedError("A service of the Dagster UI has ended by itself, as is told above: start it again.")


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
