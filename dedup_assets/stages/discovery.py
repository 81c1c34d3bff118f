"""Find the blob prefixes of the source and remember where each was placed.

Belongs here: the walk over the source's directories and the append-only log of placements beside the tables.
Does not belong here: the rules of placing (`partitions.py`), or telling Dagster (`automation/`).
"""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from obstore.exceptions import AlreadyExistsError

from dedup_assets.errors import LayoutError
from dedup_assets.partitions import Placement, PrefixLayout, directory_of, is_whole, parts_of
from dedup_assets.resources.images.image_names import other_kind
from dedup_assets.resources.images.source import Blob, ImageStore
from dedup_assets.resources.tables.damage import keep_second_copies
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.resources.tables.stored_files import refuse_loss
from dedup_assets.stages.listing import Listing, note_elsewhere, number_of

MAX_COUNTED_ONE_BY_ONE = 100
"""More new directories than this are counted in one listing of the whole source rather than in one listing each."""


def load_layout(tables: TableStore, prefix_depth: int, last: int | None = None) -> PrefixLayout:
    """Read the log of placements, up to its entry `last`.

    Raises:
        LayoutError: the store was begun with another prefix depth.
    """
    placements: dict[str, Placement] = {}
    for number in range(1, (_last_entry(tables) if last is None else last) + 1):
        entry = _read_entry(tables, number)
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
    keep_second_copies(tables)
    while True:
        last = _last_entry(tables)
        layout = load_layout(tables, prefix_depth, last)
        images.left_out.counts.clear()
        counts, elsewhere = _count_new_images(images, layout)
        if not counts:
            note_elsewhere(tables, elsewhere)
            return layout
        _place(tables, layout, counts, last)


def discover_in_time(
    images: ImageStore, tables: TableStore, prefix_depth: int, after: str, within_s: float
) -> tuple[PrefixLayout, str | None]:
    """As `discover`, for so many seconds and from the directory `after` on ("": the first): also where to go on, None at the end.

    What was counted wholly is placed; the directory that it stopped at is counted anew by whoever goes on.
    """
    keep_second_copies(tables)
    last = _last_entry(tables)
    layout = load_layout(tables, prefix_depth, last)
    counts, left_at = _count_in_time(images, layout, after, time.monotonic() + within_s)
    if counts and not _place(tables, layout, counts, last):
        return load_layout(tables, prefix_depth), after
    return load_layout(tables, prefix_depth), left_at


def _place(tables: TableStore, layout: PrefixLayout, counts: Mapping[str, int], last: int) -> bool:
    """Write down where new directories are placed; False where another run wrote this entry first, which may hold some of them."""
    new = {where: asdict(placed) for where, placed in layout.place(counts).items()}
    try:
        tables.create_document(_entry_path(last + 1), {"prefix_depth": layout.prefix_depth, "placements": new})
    except AlreadyExistsError:
        return False
    return True


def _count_in_time(
    images: ImageStore, layout: PrefixLayout, after: str, until: float
) -> tuple[Mapping[str, int], str | None]:
    """How many images each new directory from `after` on holds, and the first that there was no time for."""
    depth, counts = layout.prefix_depth, dict[str, int]()
    for where in _walk_directories(images, depth, after=parts_of(after)):
        if time.monotonic() > until:
            return counts, where
        if where in layout.placements:
            continue
        found = 0
        for blob in images.list_blobs(where, recursive=is_whole(where, depth)):
            if time.monotonic() > until:
                return counts, where
            found += not other_kind(blob)
        if found:
            counts[where] = found
    return counts, None


def _count_new_images(images: ImageStore, layout: PrefixLayout) -> tuple[Mapping[str, int], Listing]:
    """How many images each directory holds that is not placed, and what lies where there are none."""
    depth, counts, digests = layout.prefix_depth, Counter[str](), Counter[str]()
    others = defaultdict[str, Counter[str]](Counter)
    new = [where for where in _walk_directories(images, depth) if where not in layout.placements]
    for where, blob in _blobs_of(images, new, depth):
        digests[where] += number_of(blob)
        if kind := other_kind(blob):
            others[where][kind] += 1
        else:
            counts[where] += 1
    found = {where: counts[where] for where in new if counts[where]}
    empty = [where for where in new if where not in found]
    kinds = sum((others[where] for where in empty), Counter[str]())
    return found, Listing(kinds, images.left_out.counts.copy(), sum(digests[where] for where in empty))


def _blobs_of(images: ImageStore, directories: Sequence[str], depth: int) -> Iterator[tuple[str, Blob]]:
    if len(directories) <= MAX_COUNTED_ONE_BY_ONE:
        for where in directories:
            yield from ((where, blob) for blob in images.list_blobs(where, recursive=is_whole(where, depth)))
        return
    before = images.left_out.counts.copy()  # of the whole source more is left out than in these directories
    yield from ((directory_of(blob.path, depth), blob) for blob in images.list_blobs())
    images.left_out.counts = before


def _walk_directories(
    images: ImageStore, prefix_depth: int, directory: str = "", after: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the directories that would make prefixes, `directory` and those below it, with or without images.

    They come in the order of their parts; those before the parts of `after` are neither yielded nor looked into.
    """
    if parts_of(directory) >= [*after]:
        yield directory
    if not is_whole(directory, prefix_depth):
        for parts, child in sorted((parts_of(child), child) for child in images.list_directories(directory)):
            if parts >= [*after[: len(parts)]]:
                yield from _walk_directories(images, prefix_depth, child, after)


def _read_entry(tables: TableStore, number: int) -> dict[str, Any]:
    entry: dict[str, Any] | None = tables.read_document(_entry_path(number))
    if not entry:
        refuse_loss(_entry_path(number))
    return entry or {}


def _entry_path(number: int) -> str:
    return f"layout/{number:06d}.json"


def _last_entry(tables: TableStore) -> int:
    found = (re.fullmatch(r"layout/(\d{6,})\.json", entry["path"]) for entry in tables.list_files("layout"))
    return max((int(entry[1]) for entry in found if entry), default=0)
