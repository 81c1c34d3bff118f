"""Find the files whose bytes changed though their size and time of modification did not.

Belongs here: which files are doubtful, and hashing them. Does not belong here: reading a changed file again (`reader.py`).

A file is doubtful where its time of change (ctime) or its inode is another than when it was last read: a tool may have put
the old time back after an edit, but so does a restored disk, and chmod and a new hard link change it too. Its bytes are hashed
and no more. What is not known, as in a container or an older store, says nothing.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from dedup_assets.errors import BlobError
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import Throttle

MOST_RENUMBERED = 0.5
"""Where more of the files that did not change have another inode, inodes are not stable, and ctime counts alone."""


def find_doubtful(manifest: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Rows of `image_manifest` with the etag under which they were seen (rows of `seen_files`), but changed since, perhaps."""
    both = manifest.join(seen, on=["image_id", "etag"], suffix="_seen", maintain_order="left")
    changed = (pl.col("changed_at") != pl.col("changed_at_seen")).fill_null(False)
    renumbered = (pl.col("inode") != pl.col("inode_seen")).fill_null(False)
    of_unchanged = both.filter(~changed & pl.col("inode_seen").is_not_null()).select(renumbered.mean()).item() or 0.0
    return both.filter(changed | (renumbered if of_unchanged <= MOST_RENUMBERED else False)).select(manifest.columns)


def find_edited(images: ImageStore, throttle: Throttle, reads: int, doubtful: pl.DataFrame) -> pl.Series:
    """The image_id of those files whose bytes have another SHA-256 now than `file_sha256` says, or cannot be read.

    `doubtful` has the columns image_id, path, etag, size_bytes, file_sha256; so many as `reads` are read at once.

    Raises:
        StoreAccessError: the source itself cannot be read any more.
    """

    def is_edited(path: str, etag: str, size_bytes: int, sha256: bytes) -> bool:
        throttle.wait(size_bytes)
        try:
            return hashlib.sha256(images.read(path, etag)).digest() != sha256
        except BlobError:
            return True

    with ThreadPoolExecutor(reads) as threads:
        edited = threads.map(is_edited, *doubtful.select("path", "etag", "size_bytes", "file_sha256"))
        return doubtful["image_id"].filter(pl.Series(edited, dtype=pl.Boolean))
