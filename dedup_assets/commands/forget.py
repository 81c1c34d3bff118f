"""`dedup-assets forget`: what is known of images that left the source.

Belongs here: the option and what a person is told. Does not belong here: what is kept, and for how long
(`stages/departed.py`).
"""

import click

from dedup_assets.commands.shared import STORE_OPTION, settings_of
from dedup_assets.report.plain_words import counted


@click.command()
@STORE_OPTION
@click.option(
    "--now", is_flag=True, help="Forget all of them, however lately they left, and delete their files at once."
)
def forget(store: str, now: bool) -> None:
    """Forget images that left the source: thumbnails, vectors and verdicts, kept in case they return.

    Without --now these are the images that left longer ago than the policy says (image_manifest.forget_after_days, 30 days),
    as each run does by itself. --now is refused while a run is at work; runs of other machines into a store in a container are
    not seen, so let them end before.
    """
    from dedup_assets.automation.forgetting import forget_departed
    from dedup_assets.automation.running import prepare_home

    settings = settings_of(store)
    prepare_home(settings)
    forgotten, left = forget_departed(settings, now)
    kept = f"; {counted(left, 'other')} left lately and may return (--now forgets them too)" if left else ""
    click.echo(f"{counted(forgotten, 'image')} forgotten{kept}.")
