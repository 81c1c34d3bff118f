"""Whether a listing is believed that lacks much of what was there before: judged before any of it is committed.

Belongs here: what a listing lost, and when a run stops. Does not belong here: listing (`spilled_listing.py`), writing what was
found (`assets/image_manifest.py`), what is remembered of images that left (`departed.py`).

A disk that is not mounted leaves an empty folder, which is listed without an error. A run of one partition that lost much looks
at all others too, so that whoever starts it, the whole source is judged.
"""

import hashlib
from collections.abc import Sequence

import polars as pl

from dedup_assets.errors import LostImagesError, StoreAccessError
from dedup_assets.policies import ListingPolicy
from dedup_assets.report.plain_words import counted
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.spilled_listing import SpilledListing
from dedup_assets.tables import IMAGE_MANIFEST

MOST_NAMED = 5
"""Prefixes that a sentence names."""

_NONE = IMAGE_MANIFEST.empty().select("image_id", "path", "size_bytes", partition=pl.lit(""))


def require_believable(
    tables: TableStore, listing: SpilledListing, policy: ListingPolicy, accepted: str
) -> dict[str, int]:
    """Look at what a listing lost since the last one; `accepted` is the digest of a loss that somebody said is meant.

    Returns how many images each partition lost that lost any.

    Raises:
        LostImagesError: the source is empty and was not, or lost more than the policy's share.
        StoreAccessError: a directory may not be listed any more in which images lay.
    """
    before, lost = _find_lost(tables, listing, listing.keys)
    if lost.height > policy.max_lost_share * before:
        _require_meant(tables, listing, policy, accepted, before, lost)
    return dict(lost["partition"].value_counts().iter_rows())


def _require_meant(
    tables: TableStore, listing: SpilledListing, policy: ListingPolicy, accepted: str, before: int, lost: pl.DataFrame
) -> None:
    """Look at all other partitions, too, and stop where much was lost, and nobody said that it is meant."""
    others = [key for key in listing.layout.keys if key not in listing.keys]
    for keys in listing.layout.families(others):
        listing.add(keys)
    elsewhere, lost_elsewhere = _find_lost(tables, listing, others)
    before, lost = before + elsewhere, _not_moved(tables, listing, pl.concat([lost, lost_elsewhere]))
    is_empty = all(listing.images_of(key).is_empty() for key in listing.keys)
    is_large = lost.height >= policy.min_lost_images and lost.height > policy.max_lost_share * before
    digest = hashlib.sha256(lost["image_id"].sort().to_numpy().tobytes()).hexdigest()[:12]
    if lost.height and (is_empty or is_large) and digest != accepted:
        raise LostImagesError(_tell(listing, lost, before, digest))


def _find_lost(tables: TableStore, listing: SpilledListing, keys: Sequence[str]) -> tuple[int, pl.DataFrame]:
    """How many images were there before, and those that are not there now; neither counts what is left out by now."""
    before, frames = 0, []
    for key in keys:
        known = tables.read(IMAGE_MANIFEST, key, ["image_id", "path", "size_bytes"])
        _require_listed(known["path"], listing)
        lost, there = listing.lost_of(key, known)
        before += lost.height + there
        frames.append(lost.with_columns(partition=pl.lit(key)))
    return before, pl.concat([_NONE, *frames])


def _require_listed(before: pl.Series, listing: SpilledListing) -> None:
    """Stop rather than take images that were listed once, and now may not be, for images that are gone."""
    for directory in sorted(listing.images.unlisted):
        hidden = int(before.str.starts_with(f"{directory}/").sum())
        if hidden:
            raise StoreAccessError(
                f"{directory!r} may not be listed by this user any more, where {counted(hidden, 'image')} of the last run lay: "
                "allow it again, or delete the store to begin anew without them."
            )


def _not_moved(tables: TableStore, listing: SpilledListing, lost: pl.DataFrame) -> pl.DataFrame:
    """Those that did not come back elsewhere: no file that is new has their name and size."""
    known = tables.read_many(IMAGE_MANIFEST, columns=["image_id"])
    name = pl.col("path").str.split("/").list.last().alias("name")
    new = (listing.images_of(key).join(known, on="image_id", how="anti") for key in listing.keys)
    places = pl.concat([each.select(name, "size_bytes") for each in new])
    return lost.with_columns(name).join(places, on=["name", "size_bytes"], how="anti").drop("name")


def _tell(listing: SpilledListing, lost: pl.DataFrame, before: int, digest: str) -> str:
    by_prefix = lost["partition"].value_counts().sort("count", "partition", descending=[True, False]).rows()
    named = ", ".join(f"{key} ({count:,})" for key, count in by_prefix[:MOST_NAMED])
    more = len(by_prefix) - MOST_NAMED
    others = f" and {counted(more, 'other', 'others')}" if more > 0 else ""
    return (
        f"{listing.images.location} lacks {lost.height:,} of {counted(before, 'image')} ({lost.height / before:.0%}) of the last "
        f"run, in the prefixes {named}{others}, and nothing was changed for it: mount the disk or share again if it is away, or, "
        f"if these images are gone for good, run once with `--accept-loss {digest}` (in the UI with the run configuration "
        f"`ops: {{image_manifest: {{config: {{accept_loss: {digest}}}}}}}`)."
    )
