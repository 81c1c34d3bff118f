"""The gallery: the pages on which a person looks through what was found.

Belongs here: which files there are, and in what order they are written. Does not belong here: layout and words
(`gallery_pages.py`, `templates/`), which groups are shown (`stages/shown_groups.py`, `stages/kept_apart.py`).
"""

from collections.abc import Callable, Sequence

from dedup_assets.report.gallery_groups import GalleryGroup, thumbnail_name
from dedup_assets.report.gallery_pages import GalleryPages
from dedup_assets.report.summary import RunSummary

MAX_UNREADABLE_SHOWN = 1000


def write_gallery(
    put: Callable[[str, bytes], None],
    summary: RunSummary,
    groups: Sequence[GalleryGroup],
    look_alikes: Sequence[GalleryGroup],
    kept_apart: Sequence[GalleryGroup],
    groups_per_page: int = 50,
) -> list[str]:
    """Write the gallery through `put(name, content)` and return the names in the order written, index.html last.

    `groups` are duplicate groups in the order in which they are shown, the kept image first in each; `look_alikes`
    and pairs that were `kept_apart` get a section each. The names are index.html, groups-002.html ...,
    thumbnails/<SHA-256 of its bytes>.jpg, all to stand in one folder beside image_report.csv.
    """
    unreadable = sorted(summary.unreadable_causes)[:MAX_UNREADABLE_SHOWN]
    pages = GalleryPages(summary, groups, look_alikes, kept_apart, unreadable, groups_per_page)
    images = (image for group in (*groups, *look_alikes, *kept_apart) for image in group.images)
    files = {thumbnail_name(image.thumbnail): image.thumbnail for image in images if image.thumbnail}
    for name, thumbnail in files.items():
        put(name, thumbnail)
    numbers = range(pages.count, 0, -1)
    for number in numbers:
        put(pages.name(number), pages.render(number).encode("utf-8", "backslashreplace"))
    return [*files, *map(pages.name, numbers)]
