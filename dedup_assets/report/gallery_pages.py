"""The pages of the gallery as HTML: one index and as many further pages of groups as it takes.

Belongs here: what stands on which page, in which words.
Does not belong here: layout (`templates/`), choosing and writing (`gallery.py`).
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dedup_assets.report import plain_words
from dedup_assets.report.gallery_groups import GalleryGroup, thumbnail_name
from dedup_assets.report.summary import RunSummary, by_level_in_order, passed_over

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class GalleryPages:
    """All that stands on the pages; page 1 is the index."""

    summary: RunSummary
    groups: Sequence[GalleryGroup]
    look_alikes: Sequence[GalleryGroup]
    kept_apart: Sequence[GalleryGroup]
    unreadable: Sequence[tuple[str, str]]
    groups_per_page: int

    @property
    def count(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-len(self.groups) // self.groups_per_page))

    def name(self, number: int) -> str:
        """File name of page `number`, counted from 1."""
        return "index.html" if number == 1 else f"groups-{number:03d}.html"

    def render(self, number: int) -> str:
        """Page `number`, counted from 1, as HTML."""
        start = (number - 1) * self.groups_per_page
        return _environment().get_template("index.html" if number == 1 else "groups.html").render(
            summary=self.summary,
            headline=_headline(self.summary),
            levels=_level_bar(self.summary),
            groups=self.groups[start : start + self.groups_per_page],
            first_number=start + 1,
            groups_shown=len(self.groups),
            look_alikes=self.look_alikes,
            kept_apart=self.kept_apart,
            unreadable=self.unreadable,
            passed_over=passed_over(self.summary),
            policy=list(_flat(self.summary.policy)),
            pages=[(page, self.name(page)) for page in range(1, self.count + 1)],
            page=number,
        )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bytes": plain_words.human_bytes,
        "visible": plain_words.visible,
        "shown_source": lambda source: plain_words.visible(plain_words.without_secrets(source)),
        "level_title": plain_words.level_title,
        "search_in_words": plain_words.search_in_words,
        "decision": plain_words.decision_in_words,
        "score": plain_words.score_in_words,
        "thumbnail": thumbnail_name,
        "levels_of": _levels_of,
    }
    environment.globals |= {"counted": plain_words.counted, "level_meanings": plain_words.LEVEL_MEANINGS}
    environment.globals |= _inlined("style", "style.css") | _inlined("script", "filter.js")
    return environment


def _inlined(name: str, file: str) -> dict[str, str]:
    """A file to stand in the page as it is, and its hash, by which the page's own security policy admits it."""
    text = (_TEMPLATES / file).read_text(encoding="utf-8")
    return {name: Markup(text), f"{name}_hash": f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"}


def _headline(summary: RunSummary) -> str:
    if not summary.images:
        return "No images here yet"
    if not summary.duplicates:
        return "Every picture is here once"
    verb = "is a duplicate" if summary.duplicates == 1 else "are duplicates"
    return f"{summary.duplicates:,} of {plain_words.counted(summary.images, 'image')} {verb}"


def _level_bar(summary: RunSummary) -> list[dict[str, Any]]:
    found = by_level_in_order(summary.by_level)
    total, bar, start = sum(count for _, count in found), [], 0.0
    for level, count in found:
        share = 1000 * count / total
        bar.append({"level": level, "count": count, "start": round(start, 1), "share": round(share, 1)})
        start += share
    return bar


def _levels_of(group: GalleryGroup) -> list[str]:
    return sorted({image.level for image in group.images if image.level})


def _flat(policy: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name in sorted(policy):
        value = policy[name]
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            yield prefix + name, words
