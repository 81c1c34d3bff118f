"""The image collection that is worked on: its source, its tables, and how much of the machine to use.

Belongs here: what changes only where and how fast work is done. Does not belong here: anything that changes the answer
(a policy of its asset).
"""

import dagster as dg
from pydantic import Field

from dedup_assets.errors import NoSourceError
from dedup_assets.resources.images.left_out import LeftOut
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import RateLimits
from dedup_assets.resources.locations import FolderLocation, parse_location, path_inside
from dedup_assets.resources.tables.store import TableStore, open_tables
from dedup_assets.settings import CollectionSettings

READS_A_WORKER, MOST_READS = 8, 64
"""From a container: an answer takes some 20 ms, and describing a photograph 2 ms of one processor."""


class Collection(CollectionSettings, dg.ConfigurableResource[None]):
    """Where the images are, where the tables go, and how many processes work."""

    chunk_images: int = Field(default=1_000, ge=1, le=20_000, description="Images that a killed run loses at most")

    @property
    def reads_at_once(self) -> int:
        """Images that are on their way at once: from afar most of the time is waiting."""
        if self.reads is not None:
            return self.reads
        is_near = isinstance(parse_location(self.source), FolderLocation)
        return self.workers if is_near else min(MOST_READS, READS_A_WORKER * self.workers)

    @property
    def rates(self) -> RateLimits:
        """The limits on reading, of one run."""
        return RateLimits(self.max_requests_per_s, self.max_bytes_per_s)

    def images(self) -> ImageStore:
        """The source, ready to be listed and read.

        Raises:
            NoSourceError: no source is configured.
            StoreAccessError: the source cannot be reached.
        """
        if not self.source:
            raise NoSourceError(
                "No image source is configured: set DEDUP_SOURCE to a folder or az://account/container/prefix."
            )
        inside = path_inside(parse_location(self.store), parse_location(self.source))
        own = () if inside is None else (inside,)
        images = open_image_store(parse_location(self.source), own, LeftOut(self.exclude, self.include))
        images.check()
        return images

    def tables(self) -> TableStore:
        """The tables of this collection."""
        return open_tables(self.store)
