"""What the gallery is told: groups and their images.

Belongs here: plain frozen data.
Does not belong here: how it looks (`gallery_pages.py`, `templates/`), the figures of a run (`summary.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True)
class GalleryImage:
    """One image as the gallery shows it."""

    path: str
    status: str
    """Best, Duplicate, or for look-alikes whatever they are in their own groups."""
    level: str | None
    """Level of duplicate against the kept image; None for the kept one."""
    kept_because: str | None
    decided_by: str | None
    width_px: int | None
    height_px: int | None
    size_bytes: int
    thumbnail: bytes | None
    """JPEG bytes; None shows a grey field."""
    scores: Mapping[str, float | None] = field(default_factory=dict)
    """Scores of the comparison with the kept image, by column name; None is not shown."""


@dataclass(frozen=True)
class GalleryGroup:
    """A duplicate group, a group of look-alikes, or a pair that was kept apart."""

    group_id: str
    images: Sequence[GalleryImage]
    """The first of its images, that which is kept before all others."""
    size: int
    """Images in the group, shown or not."""
    bytes_reclaimable: int
    avg_color_correlation: float | None = None
    because: str | None = None
    """Why its images were kept apart, in words."""


def thumbnail_name(thumbnail: bytes) -> str:
    """Where the gallery keeps a thumbnail: equal thumbnails are written once."""
    return f"thumbnails/{sha256(thumbnail).hexdigest()}.jpg"
