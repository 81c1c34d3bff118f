"""Verdicts on the candidate pairs of a partition: which still need one, and keeping them.

Belongs here: the work of `verified_groups` on one partition. Does not belong here: the tests (`kernels/verify/cascade.py`),
or what becomes of the pairs (`stages/grouping/`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.pairs.contents import PAIR_KEY
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.parts import ROWS_A_PART, append_in_parts
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.tables import VERIFIED_GROUPS, WAVELET_GROUPS

MAX_SMALL_PARTS = 8


def verify_candidates(
    stage: Stage, work: PartitionWork, verifier: PairVerifier, source: Mapping[str, Any], progress: ProgressReporter
) -> None:
    """Verify the candidate pairs of a partition that have no verdict under the verifier's policy; counts them.

    `source` says which pairs these are, as `made_from` did before the verifier was made.
    """
    candidates = stage.tables.read(WAVELET_GROUPS, work.key).filter(~pl.col("stands_for_more"))
    of_now = pl.col("policy_version") == verifier.policy_version
    for _ in stage.until_settled(work):
        work.commit = stage.tables.filter_rows(work.commit, VERIFIED_GROUPS, ["policy_version"], of_now)
    for _ in stage.until_settled(work):
        known = stage.tables.read_parts(VERIFIED_GROUPS, work.key, work.commit.parts, PAIR_KEY)
        pairs = candidates.join(known, on=PAIR_KEY, how="anti", maintain_order="left")
        with stage.track(work, progress, pairs.height, "pairs") as tracker:
            verdicts = (_name_generations(rows, candidates) for rows in verifier.verify(pairs, tracker.advance))
            work.counts["verified_pairs"] += append_in_parts(stage, work, verdicts)
        commit = stage.tables.merge_small_parts(work.commit, VERIFIED_GROUPS, ROWS_A_PART, MAX_SMALL_PARTS)
        work.commit = replace(commit, details=source)
        stage.finish(work)


def _name_generations(rows: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Pairs of one recipe that passed the pixel tests are of level generation."""
    recipes = candidates.select(*PAIR_KEY, "same_recipe")
    named = rows.join(recipes, on=PAIR_KEY, how="left", maintain_order="left")
    level = pl.when(pl.col("verdict") & pl.col("same_recipe")).then(pl.lit("generation")).otherwise(pl.col("level"))
    return named.with_columns(level=level).select(VERIFIED_GROUPS.column_names)
