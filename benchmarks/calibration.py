"""What the default thresholds find and let through: `python benchmarks/calibration.py PHOTOS [--images 2000] [--seed 0]`.

PHOTOS is a folder of photographs no two of which show the same picture. Does what `dedup-assets calibrate PHOTOS --distinct`
does, with the default policies, and writes `calibration.md` and `calibration.png` beside this script (or to `--out`).
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from dedup_assets.calibration.curves import (
    FAMILIES,
    UNRELATED,
    CurvePoint,
    curve_of,
    family_total,
    found_and_false,
    kinds_at_present,
)
from dedup_assets.calibration.measuring import measure
from dedup_assets.calibration.outcome import Calibration, SamplePlan
from dedup_assets.calibration.ranges import RANGES
from dedup_assets.calibration.results import picture_of
from dedup_assets.commands.calibrate import present_policy
from dedup_assets.definitions import build_resources
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.settings import Settings

INTRODUCTION = """# Calibration of the default thresholds

`python benchmarks/calibration.py PHOTOS --images {images} --seed {seed}`, by the same code as `dedup-assets calibrate`:
{used} photographs, no two of which show the same picture, {planted:,} edits planted in them, {unrelated:,} unrelated pairs,
of which the {verified:,} nearest by hash and by vector were verified. The present policy would look at {candidates:,} of them, and
{of_them:,} of those are among the verified. Each threshold is moved alone, the others stay at the present policy.

By `max_…` and the cosines a pair is let through to verification (or named a look-alike), by the others it ends as a duplicate.
*near*, *turned* and *copy* are shares of the planted copies that are let through; *different* are planted pairs that differ in
something (colour, a thing, an entry on a form, a code, a caption, frames, what is cut out), and pairs under one logo, under one
caption, and of a picture and a sheet of four that holds it; *unrelated* are pairs of the
sample. None of n seen still leaves up to 3/n (95 %): the last column. The present value is bold.

![the curves](calibration.png)
"""


def changes(present: Sequence[CurvePoint], moved: Sequence[CurvePoint]) -> str:
    (found, false), (more, less) = found_and_false(present), found_and_false(moved)
    return f"{moved[0].value:g}: {more - found:+,} copies, {less - false:+,} others"


def steps(points: Sequence[CurvePoint]) -> Iterator[str]:
    """What a step of each threshold to either side changes, in pairs."""
    yield "| threshold | present | copies let through | others let through | a step down | a step up |"
    yield "|---|---:|---:|---:|---|---|"
    for name in RANGES:
        values = list(curve_of(points, name).values())
        at = next(place for place, own in enumerate(values) if own[0].is_present)
        sides = [changes(values[at], values[other]) if 0 <= other < len(values) else "" for other in (at - 1, at + 1)]
        found, false = found_and_false(values[at])
        yield f"| `{name}` | {values[at][0].value:g} | {found:,} | {false:,} | {sides[0]} | {sides[1]} |"


def curve_table(points: Sequence[CurvePoint], name: str) -> Iterator[str]:
    yield f"\n### `{name}`\n"
    yield "| value | near | turned | copy | different | unrelated | at most, of a million |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for value, own in curve_of(points, name).items():
        totals = [family_total(own, family) for family in FAMILIES]
        shares = [f"{total.share:.4f}" if total else "–" for total in totals[:-1]]
        different = f"{totals[-1].passed} of {totals[-1].pairs}" if totals[-1] else "–"
        unrelated = next(point for point in own if point.kind == UNRELATED)
        shown = f"**{value:g}**" if unrelated.is_present else f"{value:g}"
        cells = (shown, *shares, different, f"{unrelated.passed:,}", f"{unrelated.per_million_at_most:,.0f}")
        yield f"| {' | '.join(cells)} |"


def kinds_table(points: Sequence[CurvePoint]) -> Iterator[str]:
    """What becomes of each kind under the present policy."""
    yield "| family | kind | pairs | proposed by hashes | duplicates |"
    yield "|---|---|---:|---:|---:|"
    proposed = {
        point.kind: f"{point.share:.3f}"
        for point in points
        if point.is_present and point.threshold == "max_dct_distance"
    }
    for point in kinds_at_present(points):
        cells = point.family, point.kind, f"{point.pairs:,}", proposed.get(point.kind, "–"), f"{point.share:.3f}"
        yield f"| {' | '.join(cells)} |"


def report(calibration: Calibration) -> str:
    sample, points = calibration.sample, calibration.points
    candidates, of_them = calibration.candidates
    introduction = INTRODUCTION.format(
        images=calibration.plan.images,
        seed=calibration.plan.seed,
        used=len(sample.images),
        planted=len(sample.planted),
        unrelated=calibration.unrelated,
        verified=calibration.verified,
        candidates=candidates,
        of_them=of_them,
    )
    tables = [line for name in RANGES for line in curve_table(points, name)]
    parts = (
        "\n## A step to either side\n",
        *steps(points),
        "\n## Kinds of edits\n",
        *kinds_table(points),
        "\n## Curves",
        *tables,
    )
    return introduction + "\n".join(parts) + "\n"


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("photographs", type=Path)
    ask.add_argument("--images", type=int, default=2_000)
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--out", type=Path, default=Path(__file__).parent)
    want = ask.parse_args()
    track = partial(ProgressReporter(at_terminal=True).track, print)
    with tempfile.TemporaryDirectory() as store:
        resources = build_resources(Settings(source=str(want.photographs), store=store, workers=1))
        plan = SamplePlan(want.images, want.seed, distinct=True)
        calibration = measure(resources["collection"], DecodeLimits(), present_policy(resources), plan, track)
    (want.out / "calibration.md").write_text(report(calibration), encoding="utf-8")
    (want.out / "calibration.png").write_bytes(picture_of(calibration))


if __name__ == "__main__":
    main()
