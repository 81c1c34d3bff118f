import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dedup_assets.report.gallery_groups import GalleryGroup
from dedup_assets.report.gallery_pages import GalleryPages
from dedup_assets.report.summary import RunSummary, ToolCount
from dedup_assets_tests.report.sample_gallery import (
    UNREADABLE,
    sample_apart,
    sample_groups,
    sample_look_alikes,
    sample_summary,
)

BLOCKS = {"dt", "dd", "td", "th", "p", "li", "article", "h1", "h2", "h3", "summary"}
VOID = {"meta", "link", "img", "input", "wbr", "br", "rect", "path"}


class Page(HTMLParser):
    """Text, tags and attributes of a page; fails on tags that do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.text += [" "] if tag in BLOCKS else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attributes[name] for found, attributes in self.found if found == tag and name in attributes]

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def page(
    summary: RunSummary,
    groups: Sequence[GalleryGroup] = (),
    look_alikes: Sequence[GalleryGroup] = (),
    kept_apart: Sequence[GalleryGroup] = (),
    number: int = 1,
) -> Page:
    """A page of a gallery."""
    unreadable = sorted(UNREADABLE[: summary.unreadable])
    return Page(GalleryPages(summary, groups, look_alikes, kept_apart, unreadable, 2).render(number))


def test_the_index_says_what_was_found_before_anything_else() -> None:
    words = page(sample_summary(), sample_groups()).words
    for said in (
        "312 of 1,284 images are duplicates",
        "2.4 GB",
        "Same bytes 98",
        "Edited copy 24",
        "Near-duplicate 171",
    ):
        assert said in words.split("Group 1")[0]


def test_each_group_shows_what_is_kept_and_why_and_by_what_each_duplicate_was_decided() -> None:
    words = page(sample_summary(), sample_groups()).words
    assert "Kept shoot/2024/Eileen Collins.png 2048 × 1365 1.2 MB Because: more real pixels" in words
    assert "Decided by: laid over each other by local details, the pictures agree" in words
    assert "bits 12" in words
    assert "color score 0.970" in words
    assert "colour correlation 0.60" in words


def test_pictures_and_headings_are_real_ones() -> None:
    index = page(sample_summary(), sample_groups())
    assert [tag for tag, _ in index.found if tag in ("h1", "h2", "h3")][:4] == ["h1", "h2", "h2", "h3"]
    assert "Kept: shoot/2024/Eileen Collins.png" in index.attributes("img", "alt")
    assert "Edited copy: social/mirrored.jpg" in index.attributes("img", "alt")
    assert len(index.attributes("img", "alt")) == len(index.attributes("img", "src"))


def test_a_hostile_name_stays_text() -> None:
    names = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "a\x00b", "x‮y", "\udcff"]
    first = sample_groups()[0]
    images = [replace(first.images[0], path=name, kept_because=name, decided_by=name) for name in names]
    hostile = page(
        replace(
            sample_summary(),
            source=names[0],
            policy={names[1]: names[0]},
            tools=[ToolCount(names[1], 1, 1, 0, {names[0]: 1})],
            fallback_reasons=names,
        ),
        [replace(first, images=images)],
    )
    tags = [tag for tag, _ in hostile.found]
    assert tags.count("script") == 1
    assert not [name for _, attributes in hostile.found for name in attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in hostile.words
    assert "a␀b" in hostile.words


def test_nothing_is_loaded_from_elsewhere_and_no_secret_is_shown() -> None:
    html = GalleryPages(sample_summary(), sample_groups(), [], [], UNREADABLE, 50).render(1)
    index = Page(html)
    addresses = [*index.attributes("img", "src"), *index.attributes("link", "href"), *index.attributes("a", "href")]
    assert all(
        re.match(r"thumbnails/[0-9a-f]{64}\.jpg$|data:,$|#|image_report(_spreadsheet)?\.csv$", str(a))
        for a in addresses
    )
    assert "SECRET" not in html
    assert "secret" not in html
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", html)


def test_look_alikes_are_never_called_duplicates_or_kept_in_place_of_another() -> None:
    words = page(sample_summary(), [], sample_look_alikes()).words
    section = words[words.index("Look-alikes Different") : words.index("Unreadable files")]
    assert "They are not duplicates, and all of them are kept." in section
    assert not {"Duplicate", "Because:", "freed"} & set(section.split())
    assert "Look-alikes" not in page(sample_summary(), []).words


def test_pairs_that_were_kept_apart_stand_with_both_pictures_and_the_reason() -> None:
    shown = page(sample_summary(), kept_apart=sample_apart())
    section = shown.words[shown.words.index("Kept apart Pictures") : shown.words.index("Unreadable files")]
    assert "The words differ: 2 of 214 tiles" in section
    assert {"Kept apart: forms/a.png", "Kept apart: forms/b.png"} <= set(shown.attributes("img", "alt"))
    assert "Kept apart" not in page(sample_summary()).words


def test_unreadable_files_stand_with_their_causes() -> None:
    words = page(sample_summary(), sample_groups()).words
    assert "a/ümlaut #1 %.png Not an image: <html>" in words
    assert "b/truncated.jpg The file ends before the picture does." in words


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        (RunSummary("/photos", 0, 0, 0, 0, 0), "There is nothing to compare."),
        (RunSummary("/photos", 1, 0, 0, 0, 0), "No two of the 1 image that could be read"),
        (RunSummary("/photos", 5, 0, 0, 0, 0), "No groups: nothing here is there twice."),
        (RunSummary("/photos", 5, 0, 0, 0, 0), "None: every file could be read."),
        (
            RunSummary("/photos", 2, 1, 1, 0, 9, {"exact": 1}),
            "1 of 2 images is a duplicate It repeats 1 picture that is kept. Without it, 9 bytes",
        ),
    ],
)
def test_small_and_empty_collections_get_a_friendly_sentence(summary: RunSummary, sentence: str) -> None:
    assert sentence in page(summary).words


def test_further_pages_go_on_counting_and_link_to_each_other() -> None:
    second = page(sample_summary(), sample_groups(), number=2)
    assert "Groups 3 to 3" in second.words
    assert "Group 3" in second.words
    assert "index.html#groups" in second.attributes("a", "href")
    assert second.attributes("a", "aria-current") == ["page", "page"]


def test_nested_policy_is_shown_flat_and_sorted() -> None:
    assert "keep_rule more_pixels, path near.max_dct_distance 40" in page(sample_summary()).words
