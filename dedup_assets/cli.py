"""The same pipeline from a terminal.

Belongs here: commands, their options, and what a person is told. Does not belong here: the work (`automation/`, `assets/`).
"""

import os
import shlex
import sys
from pathlib import Path

import click

from dedup_assets.commands.calibrate import calibrate
from dedup_assets.commands.decide import decide
from dedup_assets.commands.embeddings import embeddings, serve_embeddings
from dedup_assets.commands.servers import embedded_servers
from dedup_assets.commands.similar import similar
from dedup_assets.commands.tools import (
    FAILED,
    INTERRUPTED,
    STORE_OPTION,
    limit_option,
    metadata,
    migrate,
    option_of,
    plain_errors,
    without_secret,
)
from dedup_assets.errors import SettingsError
from dedup_assets.settings import Settings, read_policies

DEMO_FOLDER = Path(".demo")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


@main.command()
@click.argument("source")
@STORE_OPTION
@click.option(
    "--prefix-depth",
    default=1,
    show_default=True,
    type=click.IntRange(0, 16),
    help="Directory levels that make a blob prefix, the unit of work.",
)
@limit_option("--workers", "Threads at work, in a long run processes.  [default: one a processor]")
@limit_option("--reads", "Images on their way at once.  [default: of a folder one a worker, of a container eight]")
@click.option(
    "--policies", type=click.Path(dir_okay=False), help="YAML file of thresholds and rules, a section an asset."
)
@limit_option("--max-requests-per-s", "Reads a second that the source is asked for at most.  [default: no limit]")
@limit_option("--max-bytes-per-s", "Bytes a second that are read from it at most.  [default: no limit]")
@limit_option("--decode-timeout", "Seconds that decoding one doubtful image may take.  [default: 60]")
def run(source: str, store: str, prefix_depth: int, policies: str | None, **limits: int | None) -> None:
    """Find the duplicates in SOURCE, a folder or a container, and write the report.

    SOURCE is a path, az://account/container/prefix, or the https address of a container with or without a SAS token.
    Interrupted or killed, the same command goes on where it stopped.
    """
    with plain_errors():
        address, rules = without_secret(source), read_policies(policies)
        given = {name: value for name, value in limits.items() if value is not None}
        settings = Settings(
            source=address, store=store, prefix_depth=prefix_depth, policies=rules, at_terminal=True, **given
        )
        _run(settings, again=["dedup-assets", "run", settings.source, *_options(settings, policies)])


@main.command()
@click.option(
    "--folder",
    default=DEMO_FOLDER,
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the demo's photographs and tables go.",
)
def demo(folder: Path) -> None:
    """Build a small collection of real photographs with planted copies, and find them."""
    from dedup_assets.demo import build_demo_collection

    with plain_errors():
        photographs = folder / "photographs"
        count = build_demo_collection(photographs)
        click.echo(
            f"{count} files in {photographs}: photographs, edited copies of them, a generated pair, two broken files."
        )
        _run(
            Settings(source=str(photographs), store=str(folder / "store"), prefix_depth=2, at_terminal=True),
            again=["dedup-assets", "demo", "--folder", str(folder)],
        )
        click.echo(f"To look at the pipeline: dedup-assets ui --store {folder / 'store'}")


@main.command()
@STORE_OPTION
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port to listen on.")
def ui(store: str, host: str, port: int) -> None:
    """Open the Dagster UI on a store that was filled by `run` or `demo`, with nothing to configure."""
    from dedup_assets.automation.running import prepare_home, recall

    with plain_errors():
        settings = recall(store) or Settings.from_environment()
        if not settings.source:
            raise SettingsError(
                f"Nothing was ever run into {store}: do `dedup-assets run SOURCE --store {store}` first."
            )
        home = prepare_home(settings.model_copy(update={"store": store}))
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(home / "workspace.yaml"), "-h", host, "-p", str(port)]
    os.chdir(home)
    os.execv(sys.executable, command)


@main.command()
@STORE_OPTION
@click.option("--apply", "action", flag_value="apply", help="Make the copies that the plan names.")
@click.option(
    "--undo", "action", flag_value="undo", help="Remove the copies that were made, as long as nobody changed them."
)
@click.option(
    "--plan", "action", flag_value="plan", default="plan", help="Only write down what would be copied.  [default]"
)
def organize(store: str, action: str) -> None:
    """Copy the source into best/ and duplicates/ beside it; the source itself is left as it is."""
    from dedup_assets.automation.running import organize as organize_all
    from dedup_assets.automation.running import organized_causes, organized_place, prepare_home, recall
    from dedup_assets.resources.progress import terminal

    with plain_errors():
        settings = recall(store)
        if settings is None:
            raise SettingsError(
                f"Nothing was ever run into {store}: do `dedup-assets run SOURCE --store {store}` first."
            )
        prepare_home(settings)
        terminal()
        from dedup_assets.definitions import build_definitions

        states = organize_all(build_definitions(settings.model_copy(update={"at_terminal": True})), settings, action)
        told = ", ".join(f"{count:,} {state}" for state, count in states.items()) or "There is nothing to copy"
        click.echo(f"{told}, in {organized_place(settings)}.")
        causes = organized_causes(settings)
        for path, cause in causes:
            click.echo(f"  {path}: {cause}", err=True)
        sys.exit(FAILED if causes else 0)


def _run(settings: Settings, again: list[str]) -> None:
    """Run everything; the settings and the source are looked at before anything is written."""
    try:
        from dedup_assets.automation.interrupting import interruptible
        from dedup_assets.automation.running import prepare_home, refuse_another_source, run_everything
        from dedup_assets.definitions import build_definitions
        from dedup_assets.resources.collection import Collection
        from dedup_assets.resources.database.connection import DatabaseResource
        from dedup_assets.resources.progress import terminal

        terminal()
        with interruptible():
            definitions = build_definitions(settings)
            Collection(**settings.collection).images()
            DatabaseResource(store=settings.store).check()
            refuse_another_source(settings)
            prepare_home(settings)
            text = run_everything(definitions, settings)
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted. What was done is kept; to go on:\n  {shlex.join(again)}", err=True)
        sys.exit(INTERRUPTED)
    click.echo(text, nl=False)


def _options(settings: Settings, policies: str | None) -> list[str]:
    """The options with which `run` does the same again."""
    options = ["--store", settings.store, "--prefix-depth", str(settings.prefix_depth)]
    for setting, value in settings.limits.items():
        options += [option_of(setting), str(value)]
    return options + (["--policies", policies] if policies else [])


for _command in (calibrate, decide, embedded_servers, embeddings, metadata, migrate, serve_embeddings, similar):
    main.add_command(_command)

if __name__ == "__main__":
    main()
