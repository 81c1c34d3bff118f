"""`dedup-assets run`: the whole line, from a source to its report.

Belongs here: the options, what is looked at before anything is written, and what a person is told. Does not belong here: the
work (`automation/`, `assets/`).
"""

import shlex
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from dedup_assets.commands.shared import STORE_OPTION, when_interrupted, without_secret
from dedup_assets.settings import CollectionSettings, Settings, read_policies, variable_of

Command = Callable[..., Any]


def limit_option(setting: str, help_text: str) -> Callable[[Command], Command]:
    """The option of a setting that limits a run, named as its variable is, with its bounds."""
    option = "--" + variable_of(setting).removeprefix("DEDUP_").lower().replace("_", "-")
    bounds = {
        name: bound
        for each in CollectionSettings.model_fields[setting].metadata
        for name, bound in asdict(each).items()
    }
    return click.option(option, setting, type=click.IntRange(bounds.get("ge", 1), bounds["le"]), help=help_text)


@click.command()
@click.argument("source")
@STORE_OPTION
@click.option(
    "--prefix-depth",
    default=1,
    show_default=True,
    type=click.IntRange(0, 16),
    help="Directory levels that make a blob prefix, the unit of work.",
)
@click.option(
    "--exclude", multiple=True, help="Glob of names, or of paths below SOURCE, to leave out; may be repeated."
)
@click.option("--include", multiple=True, help="Glob of what to list though it is excluded, such as a system's folder.")
@limit_option("workers", "Processes that read, verify and embed.  [default: one a processor]")
@limit_option("reads", "Images on their way at once.  [default: of a folder one a worker, of a container eight]")
@click.option(
    "--policies", type=click.Path(dir_okay=False), help="YAML file of thresholds and rules, a section an asset."
)
@click.option(
    "--level",
    type=click.Choice(["near", "copy"]),
    help="The last level looked for: near ends before vectors, edited copies and look-alikes.  [default: copy]",
)
@limit_option("max_requests_per_s", "Reads a second that the source is asked for at most.  [default: no limit]")
@limit_option("max_bytes_per_s", "Bytes a second that are read from it at most.  [default: no limit]")
@limit_option("decode_timeout_s", "Seconds that decoding one doubtful image may take.  [default: 60]")
@click.option(
    "--accept-loss", default="", metavar="DIGEST", help="Go on, once, without the images that a run stopped for."
)
@when_interrupted("Interrupted before anything was begun.")
def run(
    source: str, store: str, prefix_depth: int, policies: str | None, level: str | None, accept_loss: str, **others: Any
) -> None:
    """Find the duplicates in SOURCE, a folder or a container, and write the report.

    SOURCE is a path, az://account/container/prefix, or the https address of a container with or without a SAS token.
    Interrupted or killed, the same command goes on where it stopped.
    """
    address, rules = without_secret(source), read_policies(policies)
    if level:
        rules["similar_groups"] = rules.get("similar_groups", {}) | {"level": level}
    asked = {"store": store, "prefix_depth": prefix_depth, **others}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value not in (None, ())}
    find_duplicates(
        Settings(source=address, policies=rules, at_terminal=True, **given),
        again=[
            "dedup-assets",
            "run",
            address,
            *_options(**given, policies=policies, level=level, accept_loss=accept_loss or None),
        ],
        accept_loss=accept_loss,
    )


def find_duplicates(settings: Settings, again: list[str], accept_loss: str = "") -> None:
    """Run everything; the settings and the source are looked at before anything is written.

    Args:
        settings: where the images are, where the report goes.
        again: the command that goes on where this one was interrupted.
        accept_loss: digest of images whose loss is meant (`stages/losses.py`).
    """
    from dedup_assets.health.memory import require_memory

    require_memory(settings)
    from dedup_assets.automation.interrupting import interruptible
    from dedup_assets.automation.running import refuse_another_source, tell_unchanged
    from dedup_assets.automation.unchanged import is_unchanged
    from dedup_assets.policies import EmbeddingPolicy
    from dedup_assets.resources.collection import Collection
    from dedup_assets.resources.database.connection import DatabaseResource
    from dedup_assets.resources.database.embedded.folders import remove_forgotten
    from dedup_assets.resources.progress import terminal
    from dedup_assets.stages.vectors.kept_model import tell_preferred

    terminal()
    began = time.monotonic()
    with when_interrupted(f"Interrupted. What was done is kept; to go on:\n  {shlex.join(again)}"), interruptible():
        Collection(**settings.collection).images()
        ends_before_vectors = settings.policies.get("similar_groups", {}).get("level") == "near"
        DatabaseResource(store=settings.store).check(is_needed=not ends_before_vectors)
        remove_forgotten()
        refuse_another_source(settings)
        text = (
            tell_unchanged(settings, time.monotonic() - began)
            if is_unchanged(settings)
            else _run(settings, accept_loss)
        )
        click.echo(text.rstrip())
        policy = EmbeddingPolicy.build("embeddings", settings.policies.get("embeddings", {}))
        if told := tell_preferred(Collection(**settings.collection).tables(), policy):
            click.echo(told)


def _run(settings: Settings, accept_loss: str) -> str:
    from dedup_assets.automation.running import prepare_home, run_everything
    from dedup_assets.definitions import build_definitions

    definitions = build_definitions(settings)
    prepare_home(settings)
    return run_everything(definitions, settings, accept_loss)


def _options(**values: Any) -> list[str]:
    """What `run` was given, as its options."""
    options = {each.name: each.opts[0] for each in run.params}
    each_alone = (
        (name, one) for name, value in values.items() for one in (value if isinstance(value, tuple) else [value])
    )
    return [word for name, value in each_alone if value is not None for word in (options[name], str(value))]
