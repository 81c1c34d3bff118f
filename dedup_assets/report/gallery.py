"""The gallery: the pages on which a person looks through what was found.

Belongs here: which groups are shown, which files there are, and in what order they are written.
Does not belong here: layout and words (`gallery_pages.py`, `templates/`), reading tables (`assets/`).
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from dedup_assets.report.gallery_groups import GalleryGroup, GalleryImage, thumbnail_name
from dedup_assets.report.gallery_pages import GalleryPages
from dedup_assets.report.summary import RunSummary

__all__ = ["GalleryGroup", "GalleryImage", "RunSummary", "write_gallery"]

MAX_IMAGES_PER_GROUP = 24
MAX_UNREADABLE_SHOWN = 1000


def write_gallery(
    put: Callable[[str, bytes], None],
    summary: RunSummary,
    groups: Iterable[GalleryGroup],
    unreadable: Sequence[tuple[str, str]],
    groups_per_page: int = 50,
    max_groups: int = 500,
    *,
    look_alikes: Sequence[GalleryGroup] = (),
) -> list[str]:
    """Write the gallery through `put(name, content)` and return the names in the order written, index.html last.

    `groups` are duplicate groups in any order, the kept image first in each; shown are the `max_groups` that free the
    most bytes, MAX_IMAGES_PER_GROUP images of each. `unreadable` are pairs of path and cause. `look_alikes` get a
    section of their own. The names are index.html, groups-002.html ..., thumbnails/<SHA-256 of its bytes>.jpg, all to
    stand in one folder beside image_report.csv. The same input in any order gives the same bytes. Memory holds the
    groups that are shown. Raises ValueError if `groups_per_page` is below 1.
    """
    if groups_per_page < 1:
        raise ValueError(f"a page holds at least one group, but {groups_per_page} was asked for")
    shown = heapq.nsmallest(max_groups, map(_shortened, groups), key=_largest_savings_first)
    alike = heapq.nsmallest(max_groups, map(_shortened, look_alikes), key=lambda group: group.group_id)
    pages = GalleryPages(summary, shown, alike, sorted(unreadable)[:MAX_UNREADABLE_SHOWN], groups_per_page)
    written = _put_thumbnails(put, [*shown, *alike])
    for number in range(pages.count, 0, -1):
        put(pages.name(number), pages.render(number).encode("utf-8", "backslashreplace"))
        written.append(pages.name(number))
    return written


def _shortened(group: GalleryGroup) -> GalleryGroup:
    return replace(group, images=tuple(group.images[:MAX_IMAGES_PER_GROUP]), size=group.image_count)


def _largest_savings_first(group: GalleryGroup) -> tuple[int, str]:
    return (-group.bytes_reclaimable, group.group_id)


def _put_thumbnails(put: Callable[[str, bytes], None], groups: Iterable[GalleryGroup]) -> list[str]:
    written: dict[str, None] = {}
    for thumbnail in (image.thumbnail for group in groups for image in group.images if image.thumbnail):
        name = thumbnail_name(thumbnail)
        if name not in written:
            put(name, thumbnail)
            written[name] = None
    return list(written)
