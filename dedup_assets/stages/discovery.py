"""Find the blob prefixes of the source and remember where each was placed.

Belongs here: the walk over the source's directories and the append-only log of placements beside the tables.
Does not belong here: the rules of placing (`partitions.py`), or telling Dagster (`automation/`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from obstore.exceptions import AlreadyExistsError

from dedup_assets.errors import LayoutError
from dedup_assets.partitions import Placement, PrefixLayout, directory_of, is_whole
from dedup_assets.resources.images.image_names import may_be_image
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.tables.store import TableStore

MAX_COUNTED_ONE_BY_ONE = 100
"""More new directories than this are counted in one listing of the whole source rather than in one listing each."""


def load_layout(tables: TableStore, prefix_depth: int, last: int | None = None) -> PrefixLayout:
    """Read the log of placements, up to its entry `last`.

    Raises:
        LayoutError: the store was begun with another prefix depth.
    """
    placements: dict[str, Placement] = {}
    for number in range(1, (_last_entry(tables) if last is None else last) + 1):
        entry: dict[str, Any] = tables.read_document(_entry_path(number)) or {}
        if entry["prefix_depth"] != prefix_depth:
            raise LayoutError(
                f"These tables were begun with prefix depth {entry['prefix_depth']}, not {prefix_depth}: an image would "
                f"change its partition. Use prefix depth {entry['prefix_depth']}, or another --store."
            )
        placements |= {where: Placement(**placement) for where, placement in entry["placements"].items()}
    return PrefixLayout(prefix_depth, placements)


def discover(images: ImageStore, tables: TableStore, prefix_depth: int) -> PrefixLayout:
    """Place the directories that are new in the source, write them down, and return the layout of all.

    Raises:
        LayoutError: the store was begun with another prefix depth.
        StoreAccessError: the source cannot be listed.
    """
    while True:
        last = _last_entry(tables)
        layout = load_layout(tables, prefix_depth, last)
        new = layout.place(_count_new_images(images, layout))
        if not new:
            return layout
        entry = {"prefix_depth": prefix_depth, "placements": {where: asdict(placed) for where, placed in new.items()}}
        try:
            tables.create_document(_entry_path(last + 1), entry)
        except AlreadyExistsError:  # another run wrote this entry first: place what its entry leaves over
            continue


def _count_new_images(images: ImageStore, layout: PrefixLayout) -> Mapping[str, int]:
    new = [where for where in _walk_directories(images, layout.prefix_depth) if where not in layout.placements]
    if len(new) > MAX_COUNTED_ONE_BY_ONE:
        paths = (blob.path for blob in images.list_blobs() if may_be_image(blob))
        counts = Counter(directory_of(path, layout.prefix_depth) for path in paths)
        return {where: counts[where] for where in new if counts[where]}
    each = {where: _count_images(images, where, layout.prefix_depth) for where in new}
    return {where: count for where, count in each.items() if count}


def _walk_directories(images: ImageStore, prefix_depth: int, directory: str = "") -> Iterator[str]:
    """Yield the directories that would make prefixes, `directory` and those below it, with or without images."""
    yield directory
    if not is_whole(directory, prefix_depth):
        for child in images.list_directories(directory):
            yield from _walk_directories(images, prefix_depth, child)


def _count_images(images: ImageStore, directory: str, prefix_depth: int) -> int:
    blobs = images.list_blobs(directory, recursive=is_whole(directory, prefix_depth))
    return sum(map(may_be_image, blobs))


def _entry_path(number: int) -> str:
    return f"layout/{number:06d}.json"


def _last_entry(tables: TableStore) -> int:
    return max((int(entry["path"].rsplit("/", 1)[-1][:-5]) for entry in tables.list_files("layout")), default=0)
