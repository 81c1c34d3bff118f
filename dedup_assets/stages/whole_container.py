"""Stages whose result is one for the whole container: computed once a run, written partition by partition.

Belongs here: when it is computed, and which partitions are written. Does not belong here: what is computed (the assets).
"""

from collections.abc import Callable

import polars as pl

from dedup_assets.contracts import Table
from dedup_assets.stages.stage import PartitionWork, Stage, made_from

Compute = Callable[[], tuple[pl.DataFrame, int]]
"""Returns the rows of all partitions, with a column `partition`, and how many pairs had to be verified for them."""


def write_whole_container(
    stage: Stage, fingerprint: str, source: Table, compute: Compute, describe: Callable[[PartitionWork], None]
) -> int | None:
    """Write every partition whose rows changed, those that were not asked for too; one that is current is left as it is.

    `describe` adds to the counts of each partition and sets its preview and picture. Returns how many pairs were
    verified; None where all partitions asked for were current, and nothing was computed.
    """
    rows: pl.DataFrame | None = None
    verified = 0
    for key in stage.keys:
        with stage.partition(key, fingerprint) as work:
            work.counts = {"verified_pairs": 0}
            if not work.is_current:
                if rows is None:
                    rows, verified = compute()
                    work.counts = {"verified_pairs": verified}
                own = rows.filter(pl.col("partition") == key).select(stage.table.column_names).sort("image_id")
                origin = made_from(stage.tables, key, source)
                work.commit = stage.tables.rewrite(stage.table, key, own, fingerprint, origin)
            describe(work)
    if rows is not None:
        stage.rewrite_others(rows, fingerprint, source)
    return None if rows is None else verified
