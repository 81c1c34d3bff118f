"""Several names of one file: symbolic links join the group of their target, and what links free is nothing.

Belongs here: rows of the report that no bytes stand behind, and the bytes that deleting all duplicates would free. Does not
belong here: finding out where a link leads (`resources/images/folder.py`).
"""

import polars as pl

COLUMNS = ("image_id", "size_bytes", "device", "inode", "link_count", "link_target")
"""What is asked of `image_manifest`."""


def with_links(readable: pl.DataFrame, unread: pl.DataFrame, manifest: pl.DataFrame) -> pl.DataFrame:
    """All rows of the report, with `reclaimable_bytes`.

    Args:
        readable: rows of readable images, without that column.
        unread: rows of the others, of those columns that they have: symbolic links, and what is unreadable.
        manifest: what the listing tells of all of them, COLUMNS.
    """
    linked = _linked(readable, unread, manifest.select("image_id", "link_target").drop_nulls())
    rows = pl.concat([readable, linked, unread.join(linked, on="image_id", how="anti")], how="diagonal_relaxed")
    members = pl.len().over("group_id").cast(pl.Int32)
    counted = rows.with_columns(group_size=pl.when(pl.col("group_id").is_null()).then(1).otherwise(members))
    files = manifest.select("image_id", "device", "inode", "link_count", stored_bytes="size_bytes")
    found = counted.join(files, on="image_id", how="left", maintain_order="left")
    return found.with_columns(reclaimable_bytes=_reclaimable()).select(*rows.columns, "reclaimable_bytes")


def _linked(readable: pl.DataFrame, unread: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """Rows of the links that lead to a readable image: duplicates as their target is one, or of their target."""
    own = unread.select("image_id", "path", "size_bytes", "partition").join(targets, on="image_id")
    found = own.join(readable, left_on="link_target", right_on="path", suffix="_of_target").with_columns(
        status=pl.lit("Duplicate"),
        level=pl.col("level").fill_null("exact"),
        decided_by=pl.lit("link"),
        representative_path=pl.col("representative_path").fill_null(pl.col("link_target")),
        keep_rank=pl.col("keep_rank") + pl.col("group_size"),
    )
    return found.select(readable.columns)


def _reclaimable() -> pl.Expr:
    """A file is freed where all its names go: those of the report, and there are no others. The first of them counts."""
    file = ["device", "inode", "file_sha256"]
    goes = pl.col("status") == "Duplicate"
    going = goes.sum().over(file)
    all_go = (going == pl.len().over(file)) & (going >= pl.col("link_count"))
    counts = pl.col("inode").is_null() | (all_go & (pl.col("image_id") == pl.col("image_id").min().over(file)))
    return pl.when(goes & counts).then("stored_bytes").otherwise(0)
