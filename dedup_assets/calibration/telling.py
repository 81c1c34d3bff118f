"""What a person is told of a measurement on the terminal.

Belongs here: words and columns. Does not belong here: files (`results.py`), numbers (`curves.py`).
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from dedup_assets.calibration.curves import (
    FAMILIES,
    UNRELATED,
    CurvePoint,
    better_value,
    curve_of,
    family_total,
    found_and_false,
    kinds_at_present,
)
from dedup_assets.calibration.outcome import Calibration
from dedup_assets.calibration.ranges import RANGES, VERIFIED
from dedup_assets.calibration.results import DUPLICATES_SHEET, policies_of
from dedup_assets.report.plain_words import counted, visible

MAX_NAMED = 5
ROW = "{:<24}{:>8}{:>9}{:>9}{:>9}{:>12}{:>12}  {}"


def tell(calibration: Calibration) -> str:
    """The whole summary, ending with the present values as YAML."""
    table = [_row(calibration, name) for name in RANGES]
    return "\n".join(
        [
            *_about_sample(calibration),
            "",
            ROW.format(
                "threshold", "present", "near", "turned", "copy", "different", "unrelated", "better in both"
            ).rstrip(),
            *table,
            "",
            *_kinds(calibration.points),
            "",
            "near, turned, copy: share of the planted copies that are let through (to the next test by max_ and cosines, as",
            "duplicates by the others). different: pictures that differ in something or agree in part. unrelated: pairs of",
            "the sample. 'better in both': lets through at least as many copies and no more of the others, on this sample.",
            "",
            "The present values; a policy file for --policies changes them, nothing else does:",
            policies_of(calibration),
        ]
    )


def _about_sample(calibration: Calibration) -> Iterator[str]:
    sample = calibration.sample
    yield (
        f"{len(sample.images):,} of {counted(sample.listed, 'image')}, {counted(len(sample.planted), 'edit')} planted in "
        f"them, {counted(calibration.unrelated, 'unrelated pair')} of them."
    )
    if sample.same_bytes:
        yield f"{counted(sample.same_bytes, 'image')} left out, with the bytes of another one."
    if sample.unreadable:
        yield f"{counted(len(sample.unreadable), 'image')} could not be read:"
        yield from (f"  {visible(f'{each.path}: {each.cause}')}" for each in sample.unreadable[:MAX_NAMED])
        if len(sample.unreadable) > MAX_NAMED:
            yield f"  and {len(sample.unreadable) - MAX_NAMED:,} more"
    yield from _about_pairs(calibration)


def _about_pairs(calibration: Calibration) -> Iterator[str]:
    if calibration.duplicates:
        count = f"Duplicates under the present policy: {counted(len(calibration.duplicates), 'pair')} of the sample"
        yield (
            f"{count}, FALSE, as no two images are said to show the same; see {DUPLICATES_SHEET}."
            if calibration.plan.distinct
            else f"{count}, set aside: look at {DUPLICATES_SHEET} whether that is so."
        )
    candidates, of_them = calibration.candidates
    yield (
        f"Verified: {calibration.verified:,} of the unrelated pairs, the nearest by hash and by vector; the present policy "
        f"would look at {candidates:,}, {of_them:,} of them among these."
    )


def _row(calibration: Calibration, name: str) -> str:
    curve = curve_of(calibration.points, name)
    present = calibration.present.values[name]
    own = curve[present]
    unrelated = next(point for point in own if point.kind == UNRELATED)
    better = better_value(calibration.points, name)
    near, turned, copy, different = (family_total(own, family) for family in FAMILIES)
    return ROW.format(
        name,
        f"{present:g}",
        *(f"{total.share:.4f}" if total else "-" for total in (near, turned, copy)),
        f"{different.passed} of {different.pairs}" if different else "-",
        f"{unrelated.passed:,}",
        "" if better is None else _better(own, better, curve[better], name),
    ).rstrip()


def _kinds(points: Sequence[CurvePoint]) -> Iterator[str]:
    """What becomes of each kind that was planted: those that ought to be joined beside those that ought to stay apart."""
    found = kinds_at_present(points)
    joined = [f"{each.kind:<24}{each.passed:>5} of {each.pairs}" for each in found if each.family != "different"]
    apart = [
        f"{each.kind:<24}{each.pairs - each.passed:>9,} of {each.pairs:,}"
        for each in found
        if each.family == "different"
    ]
    yield "Now joined, of those that ought to be:      Now kept apart, of those that ought to be:"
    yield from (f"{one:<44}{other}".rstrip() for one, other in zip_longest(joined, apart, fillvalue=""))


def _better(present: list[CurvePoint], value: float, points: list[CurvePoint], name: str) -> str:
    (found, false), (more, less) = found_and_false(present), found_and_false(points)
    words = "false" if name in VERIFIED else "in vain"
    return f"{value:g}: {more - found:+,} found, {less - false:+,} {words}"
