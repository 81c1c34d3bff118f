"""`dedup-assets decide`: a person's word about pictures, which counts before any test.

Belongs here: the commands and their options. Does not belong here: what is noted and told (`stages/grouping/decision_desk.py`).
"""

import csv
import getpass
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from dedup_assets.commands.shared import STORE_OPTION, settings_of
from dedup_assets.errors import SenselessDecisionError, SettingsError

if TYPE_CHECKING:
    from dedup_assets.stages.grouping.decision_desk import DecisionDesk


@click.group()
def decide() -> None:
    """Say what tests got wrong: your word counts before any test, in every later run.

    \b
    dedup-assets decide same shop/a.jpg web/b.jpg      one picture, whatever the tests say
    dedup-assets decide not-same shop/a.jpg web/b.jpg  never in one group
    dedup-assets decide keep-this shop/a.jpg           kept in whatever group it stands
    dedup-assets decide withdraw shop/a.jpg web/b.jpg  leave it to the tests again
    dedup-assets decide list

    Images are named by their path as it stands in the report, by image_id, or by group_id, which means the kept image
    of the group. A decision is about the bytes: it outlives renames, moves, new policies and verification anew.
    """


def _noting(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--why", default="", help="The reason, which the report shows.")(command)
    command = click.option("--by", default="", help="Who decides.  [default: your login name]")(command)
    return STORE_OPTION(command)


@decide.command()
@click.argument("one")
@click.argument("others", nargs=-1, required=True)
@_noting
def same(one: str, others: tuple[str, ...], store: str, by: str, why: str) -> None:
    """ONE and all OTHERS show the same picture: they stand in one group, which keeps one of them by the rules."""
    _note("same", (one, *others), store, by, why)


@decide.command()
@click.argument("one")
@click.argument("other")
@_noting
def not_same(one: str, other: str, store: str, by: str, why: str) -> None:
    """ONE and OTHER are different pictures: they never stand in one group."""
    _note("not_same", (one, other), store, by, why)


@decide.command()
@click.argument("image")
@click.argument("other", required=False)
@_noting
def keep_this(image: str, other: str | None, store: str, by: str, why: str) -> None:
    """Keep IMAGE in whatever group it stands, before any rule; OTHER, where given, is the same picture.

    What does not pass against IMAGE itself leaves its group.
    """
    _note("keep_this", (image, *([other] if other else [])), store, by, why)


@decide.command()
@click.argument("image")
@click.argument("other", required=False)
@_noting
def withdraw(image: str, other: str | None, store: str, by: str, why: str) -> None:
    """Take back what was decided about IMAGE and OTHER, or about IMAGE alone; the record of it stays."""
    _note("withdrawn", (image, *([other] if other else [])), store, by, why)


@decide.command("list")
@STORE_OPTION
@click.option("--all", "everything", is_flag=True, help="Also those replaced or taken back since; the oldest first.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def list_decisions(store: str, everything: bool, form: str) -> None:
    """Show the decisions that count, the newest first, and where the pictures lie now."""
    from dedup_assets.stages.grouping.decision_desk import ENTRY_COLUMNS, line_of

    with _desk(store) as (desk, _):
        entries = desk.entries(everything)
    if form == "json":
        click.echo(json.dumps(entries, indent=1, ensure_ascii=False))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, ENTRY_COLUMNS)
        writer.writeheader()
        writer.writerows(
            entry | {name: "; ".join(entry[name]) for name in ("paths", "other_paths")} for entry in entries
        )
    else:
        click.echo("\n".join(map(line_of, entries)) or "Nobody has decided anything.")


def _note(verdict: str, names: tuple[str, ...], store: str, by: str, why: str) -> None:
    with _desk(store) as (desk, again):
        click.echo(desk.decide(verdict, names, _name(by), " ".join(why.split())))
        for line in desk.contradicting():
            click.echo(f"Contradicts other decisions: {line}", err=True)
        click.echo(f"The next run applies it: {again}")


@contextmanager
def _desk(store: str) -> Iterator[tuple["DecisionDesk", str]]:
    """What deciding needs, and the command that applies what was decided."""
    from dedup_assets.resources.collection import Collection
    from dedup_assets.resources.database.connection import DatabaseResource
    from dedup_assets.resources.database.decisions import open_decisions
    from dedup_assets.stages.grouping.decision_desk import DecisionDesk
    from dedup_assets.stages.named_images import NamedImages

    settings = settings_of(store)
    tables = Collection(store=store).tables()
    images = NamedImages.read(tables, settings.source)
    depth = [] if settings.prefix_depth == 1 else ["--prefix-depth", str(settings.prefix_depth)]
    again = shlex.join(["dedup-assets", "run", settings.source, "--store", store, *depth])
    if images.rows.is_empty():
        raise SettingsError(f"There is no report in {store} yet: do `{again}` first.")
    with open_decisions(DatabaseResource(store=store), tables) as connection:
        yield DecisionDesk(images, tables, connection), again


def _name(by: str) -> str:
    name = " ".join(by.split())
    if name:
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise SenselessDecisionError("This account has no login name: say with --by who decides.") from error
