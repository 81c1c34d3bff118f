"""`dedup-assets calibrate`: measure the thresholds on a person's own images.

Belongs here: the command, its options, and putting policies and source together. Does not belong here: the measurement
(`calibration/`).
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dedup_assets.commands.shared import STORE_OPTION, when_interrupted, without_secret
from dedup_assets.settings import Settings, read_policies

if TYPE_CHECKING:
    from dedup_assets.calibration.outcome import SamplePlan
    from dedup_assets.calibration.ranges import PresentPolicy


@click.command()
@click.argument("source")
@click.option("--images", default=500, show_default=True, type=click.IntRange(2, 2_000), help="Images in the sample.")
@click.option("--seed", default=0, show_default=True, help="Another number takes another sample.")
@click.option(
    "--out",
    default="dedup-calibration",
    show_default=True,
    help="Folder of the results: new, empty, or of an earlier calibration.",
)
@click.option("--distinct", is_flag=True, help="No two images of SOURCE show the same: what is accepted is false.")
@click.option("--policies", type=click.Path(dir_okay=False), help="YAML file of the present thresholds.")
@click.option("--workers", type=click.IntRange(1, 256), help="Threads.  [default: one a processor]")
@STORE_OPTION
@when_interrupted("Interrupted. Nothing was written.")
def calibrate(
    source: str, images: int, seed: int, out: str, distinct: bool, policies: str | None, workers: int | None, store: str
) -> None:
    """Measure on a sample of SOURCE what each threshold finds and what it lets through.

    Edits of known strength are planted in copies of the images, in memory; the source and the store are only read.
    The results are a table (calibration.csv), its curves (calibration.png) and the present thresholds
    (policies.yaml). No threshold is changed: that is up to you, with --policies.
    """
    from dedup_assets.calibration.outcome import SamplePlan

    address, rules = without_secret(source), read_policies(policies)
    limits: dict[str, Any] = {} if workers is None else {"workers": workers}
    settings = Settings(source=address, store=store, policies=rules, at_terminal=True, **limits)
    click.echo(_calibrate(settings, SamplePlan(images, seed, distinct=distinct), out), nl=False)


def _calibrate(settings: Settings, plan: "SamplePlan", out: str) -> str:
    """Measure, write the results, and return what a person should know; nothing is written before all is measured."""
    from dedup_assets.calibration.measuring import measure
    from dedup_assets.calibration.results import prepare_folder, write_results
    from dedup_assets.calibration.telling import tell
    from dedup_assets.definitions import build_resources
    from dedup_assets.resources.progress import terminal

    terminal()
    folder = prepare_folder(out, settings.source)
    resources = build_resources(settings)
    limits = resources["feature_policy"].limits()
    track = partial(resources["progress"].track, lambda _: None)  # there is no run whose log would have it too
    calibration = measure(resources["collection"], limits, present_policy(resources), plan, track)
    names = write_results(folder, calibration)
    return f"{tell(calibration)}Written to {out}: {', '.join(names)}.\n"


def present_policy(resources: Mapping[str, Any]) -> "PresentPolicy":
    """The policies that are measured, out of the resources of the pipeline.

    Raises:
        NoEmbedderError: none of the configured providers of vectors can work.
    """
    from dedup_assets.calibration.ranges import PresentPolicy

    return PresentPolicy(
        candidates=resources["candidate_policy"],
        verification=resources["verification_policy"],
        similarity=resources["similarity_policy"],
        embedder=resources["embedding_policy"].choose().embedder,
    )
