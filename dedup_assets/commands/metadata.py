"""`dedup-assets metadata`: how images were generated, as their files tell.

Belongs here: the options and what a person is told. Does not belong here: reading metadata (`generation_metadata/`).
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from dedup_assets.commands.shared import FAILED


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: one object a line.",
)
@click.option(
    "--stealth", is_flag=True, help="Also look for text hidden in the alpha channel, which decodes the picture."
)
def metadata(files: tuple[Path, ...], form: str, stealth: bool) -> None:
    """Show the generation metadata of image FILES: tool, parameters, and the hash of the recipe.

    A file that cannot be read has an `error` like any other; the exit code is then 1.
    """
    exit_code = 0
    for path in files:
        report, is_read = _metadata_report(path, stealth)
        exit_code = exit_code if is_read else FAILED
        click.echo(json.dumps(report) if form == "json" else _in_words(report))
    sys.exit(exit_code)


def _metadata_report(path: Path, stealth: bool) -> tuple[dict[str, object], bool]:
    from dedup_assets.generation_metadata.recipe import file_report

    try:
        if path.is_file():
            return file_report(str(path), path.read_bytes(), read_stealth=stealth), True
        problem = "it is a folder or a device" if path.exists() else "there is none"
    except OSError as cause:
        problem = str(cause.strerror)
    return {**file_report(str(path), b""), "error": f"the file cannot be read: {problem}"}, False


def _in_words(report: Mapping[str, object]) -> str:
    from dedup_assets.generation_metadata.recipe import storable_text

    known = {name: value for name, value in report.items() if value not in (None, [], ())}
    return "\n".join(f"{name}: {storable_text(str(value))}" for name, value in known.items()) + "\n"
