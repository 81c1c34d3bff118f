"""What is done with the rows of a plan of copies: made, looked for after a kill, and removed.

Belongs here: one row of `organized_blobs` before and after a step. Does not belong here: the plan, and in which order rows come
(`assets/organized_blobs.py`); how a blob is copied (`resources/images/`).
"""

from typing import Any

from dedup_assets.errors import BlobChanged, BlobError, BlobVanished, DestinationTaken
from dedup_assets.resources.images.source import ImageStore

Row = dict[str, Any]


def find_begun(images: ImageStore, row: Row) -> Row:
    """What became of a copy that was being made, or removed, when the run was killed: it is there, or it is not."""
    try:
        etag = images.find_copy(row["path"], row["etag"], row["destination"])
    except DestinationTaken:
        return row | _left(row) if row["copy_etag"] else row | _NOT_THERE
    except BlobError as cause:
        return row | {"cause": str(cause)}
    return row | {"state": "copied", "copy_etag": etag, "cause": None} if etag else row | _NOT_THERE


def make_copy(images: ImageStore, row: Row) -> Row:
    """Make a copy; one that is there already, with the same content, counts as done."""
    try:
        return row | {"state": "copied", "copy_etag": images.copy(row["path"], row["destination"]), "cause": None}
    except DestinationTaken as cause:
        return row | (_left(row) if row["copy_etag"] else {"state": "failed", "cause": str(cause)})
    except BlobError as cause:
        return row | {"state": "failed", "cause": str(cause)}


def remove_copy(images: ImageStore, row: Row) -> Row | None:
    """Remove a copy; one that somebody has changed since stays, and is told of as long as it does."""
    try:
        images.delete_copy(row["destination"], row["copy_etag"])
    except BlobVanished:
        pass
    except BlobChanged:
        return row | _left(row)
    except BlobError as cause:
        return row | {"cause": f"The copy was left as it is: {cause}"}
    return None if row["state"] == "stale" else row | _NOT_THERE


def _left(row: Row) -> Row:
    return {"state": "changed", "cause": f"{row['destination']} changed since it was copied, and is left as it is."}


_NOT_THERE: Row = {"state": "planned", "copy_etag": None, "cause": None}
