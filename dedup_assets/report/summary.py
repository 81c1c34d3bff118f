"""What a run found and what it did: for a terminal in words, for scripts as JSON.

Belongs here: the figures of one run, and their two texts.
Does not belong here: counting them (`assets/`), the page (`gallery.py`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from dedup_assets.report.plain_words import counted, human_bytes, level_title, search_in_words, visible, without_secrets
from dedup_assets.tables import LEVELS

MAX_CAUSES_IN_TEXT = 10
MAX_KINDS = 8


@dataclass(frozen=True)
class ToolCount:
    """How well the generation metadata of one tool could be read; all are numbers of images."""

    tool: str
    images: int
    parsed: int
    """Without an error."""
    recipes: int
    """With prompt, model and seed, so that the recipe has a hash."""
    missing: Mapping[str, int]
    """Which of the main parameters were not found, and how often."""


@dataclass(frozen=True)
class RunSummary:
    """What the source holds now; equal for equal containers and policies, so nothing in it depends on time."""

    source: str
    """The folder or container that was looked at."""
    images: int
    """All blobs of the manifest, readable or not."""
    groups: int
    """Groups of at least two images."""
    duplicates: int
    """Images whose picture is kept elsewhere."""
    unreadable: int
    bytes_reclaimable: int
    """What deleting all duplicates frees; names of a file that stays free nothing."""
    by_level: Mapping[str, int] = field(default_factory=dict)
    """Duplicates by level."""
    not_looked_for: Sequence[str] = ()
    """Levels that the policy leaves out."""
    unreadable_causes: Sequence[tuple[str, str]] = ()
    """Path and cause of unreadable images."""
    others: Mapping[str, int] = field(default_factory=dict)
    """Files that are no images, by kind."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Files that are not listed for their name, by the glob that left them out."""
    tools: Sequence["ToolCount"] = ()
    """Generation metadata by the tool that wrote them."""
    embedding_provider: str | None = None
    """The provider whose vectors were used."""
    fallback_reasons: Sequence[str] = ()
    """Why providers configured before it were not used, a sentence each."""
    policy: Mapping[str, object] = field(default_factory=dict)
    """The thresholds and rules that decided, by name; mappings may stand in mappings."""


@dataclass(frozen=True)
class RunWork:
    """What one run had to do to get there."""

    downloaded_images: int
    downloaded_bytes: int
    verified_pairs: int
    embedded_images: int
    seconds: Mapping[str, float]
    """Seconds by stage."""
    peak_rss_mb: float
    """What all its processes held at once, shared memory counted once."""
    renewed_tables: Sequence[str] = ()
    """The tables of which it made a partition anew."""


def by_level_in_order(by_level: Mapping[str, int]) -> list[tuple[str, int]]:
    """The levels at which duplicates were found, surest first; look-alikes are no duplicates and left out."""
    levels = [*LEVELS, *sorted(by_level.keys() - set(LEVELS))]
    return [(level, by_level[level]) for level in levels if by_level.get(level) and level != "similar"]


def summary_text(summary: RunSummary, work: RunWork | None = None) -> str:
    """The end of a run in a terminal: plain text, a few lines, without colours."""
    source = visible(without_secrets(summary.source))
    if not summary.images:
        lines = [f"No images in {source}.", *passed_over(summary)]
    else:
        found = [*_found(summary), *_left_out(summary), *_unreadable(summary), *passed_over(summary)]
        lines = [f"{counted(summary.images, 'image')} in {source}", *found]
    return "\n".join([*lines, *(_work_done(work) if work else [])]) + "\n"


def summary_json(summary: RunSummary, work: RunWork) -> str:
    """The figures as a JSON object; its keys are an interface that scripts may rely on."""
    found = {
        name: getattr(summary, name) for name in ("images", "groups", "duplicates", "unreadable", "bytes_reclaimable")
    }
    passed = {"other_files": sum(summary.others.values()), "left_out_files": sum(summary.left_out.values())}
    return _figures(found | passed, work)


def repeat_summary(text: str, figures: str, work: RunWork) -> tuple[str, str]:
    """Both texts of a run that changed nothing, made of those of the run before it."""
    return "\n".join([*text.splitlines()[:-1], *_work_done(work)]) + "\n", _figures(json.loads(figures), work)


def _figures(found: Mapping[str, object], work: RunWork) -> str:
    rounded = {name: round(seconds, 3) for name, seconds in work.seconds.items()}
    figures = {**found, **asdict(replace(work, seconds=rounded, peak_rss_mb=round(work.peak_rss_mb, 1)))}
    return json.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _found(summary: RunSummary) -> list[str]:
    if not summary.duplicates:
        return ["  no duplicates: every picture is there once"]
    levels = ", ".join(
        f"{count:,} {level_title(level).lower()}" for level, count in by_level_in_order(summary.by_level)
    )
    return [
        f"  {counted(summary.duplicates, 'duplicate')} in {counted(summary.groups, 'group')}"
        + (f" ({levels})" if levels else ""),
        f"  {human_bytes(summary.bytes_reclaimable)} could be freed",
    ]


def _left_out(summary: RunSummary) -> list[str]:
    words = search_in_words(summary.not_looked_for)
    return [f"  {words}"] if words else []


def _unreadable(summary: RunSummary) -> list[str]:
    if not summary.unreadable:
        return []
    shown = sorted(summary.unreadable_causes)[:MAX_CAUSES_IN_TEXT]
    lines = [f"  {counted(summary.unreadable, 'file')} could not be read:"]
    lines += [f"    {visible(path)}: {visible(cause)}" for path, cause in shown]
    more = summary.unreadable - len(shown)
    return [*lines, f"    and {more:,} more, all in the report"] if more else lines


def passed_over(summary: RunSummary) -> list[str]:
    """How many files stand in no report and of which kinds they are, the most first: a line for each reason."""
    told = []
    for counts, noun, words in (
        (summary.others, "other file", ""),
        (summary.left_out, "file", " left out by name, which --include takes in"),
    ):
        kinds = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        shown = ", ".join(f"{count:,} {visible(kind)}" for kind, count in kinds[:MAX_KINDS])
        more = f", {len(kinds) - MAX_KINDS} kinds more" if len(kinds) > MAX_KINDS else ""
        total = sum(counts.values())
        told += [f"  {counted(total, noun)}{words} ({shown}{more})"] if total else []
    return told


def _work_done(work: RunWork) -> list[str]:
    seconds = f"{sum(work.seconds.values()):,.1f} s, at most {work.peak_rss_mb:,.0f} MB of memory"
    if not (work.downloaded_images or work.verified_pairs or work.embedded_images):
        told = f"Made anew: {', '.join(work.renewed_tables)}" if work.renewed_tables else "Nothing had changed"
        return [f"{told}: 0 bytes downloaded, 0 pairs verified, 0 images embedded ({seconds})."]
    return [
        f"Downloaded {counted(work.downloaded_images, 'image')} ({human_bytes(work.downloaded_bytes)}), verified"
        f" {counted(work.verified_pairs, 'pair')}, embedded {counted(work.embedded_images, 'image')} in {seconds}."
    ]
