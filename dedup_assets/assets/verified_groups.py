"""`verified_groups`: who really is a duplicate of whom, pair by pair, with the evidence of every test that was run.

Belongs here: which candidate pairs still need a verdict, and keeping the verdicts. Does not belong here: the tests
(`kernels/verify/cascade.py`), or what becomes of the pairs (`representatives`).
"""

from dataclasses import replace
from functools import partial

import dagster as dg
import polars as pl

from dedup_assets.policies import VerificationPolicy
from dedup_assets.report.plots import distance_histogram
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.stages.pairs.contents import PAIR_KEY, read_contents
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.stage import PartitionWork, Stage, made_from, up_to_date_partitions
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import VERIFIED_GROUPS, WAVELET_GROUPS

PAIRS_A_PART = 1_000
"""A killed run verifies at most this many pairs again."""


@table_asset(VERIFIED_GROUPS, {"opencv"}, "1", reads=[WAVELET_GROUPS])
def verified_groups(
    context: dg.AssetExecutionContext,
    collection: Collection,
    verification_policy: VerificationPolicy,
    progress: ProgressReporter,
) -> None:
    """Verify the candidate pairs of each partition that have no verdict under this policy; nothing is downloaded."""
    stage = Stage(context, VERIFIED_GROUPS, collection.tables(), verification_policy, source=WAVELET_GROUPS)
    verifier: PairVerifier | None = None
    for key in stage.keys:
        candidates = stage.tables.commit_of(WAVELET_GROUPS, key)
        with stage.partition(key, stage.fingerprint(candidates.digest)) as work:
            work.counts = {"verified_pairs": 0}
            if not work.is_current:
                verifier = verifier or PairVerifier(collection, verification_policy)
                _verify(stage, work, verifier, progress)
            verdicts = stage.tables.read(VERIFIED_GROUPS, key)
            work.counts |= {"passed": int(verdicts["verdict"].sum()), "rejected": int((~verdicts["verdict"]).sum())}
            work.preview = verdicts.group_by("level", "decided_by").agg(pairs=pl.len()).sort("pairs", descending=True)
            work.picture = partial(_histogram, verdicts)


def _verify(stage: Stage, work: PartitionWork, verifier: PairVerifier, progress: ProgressReporter) -> None:
    source = made_from(stage.tables, work.key, WAVELET_GROUPS)
    candidates = stage.tables.read(WAVELET_GROUPS, work.key).filter(~pl.col("stands_for_more"))
    work.commit = _drop_other_policies(stage, work)
    known = stage.tables.read_parts(VERIFIED_GROUPS, work.key, work.commit.parts, PAIR_KEY)
    pairs = candidates.join(known, on=PAIR_KEY, how="anti", maintain_order="left")
    with progress.track(stage.log, f"{VERIFIED_GROUPS.name} [{work.key}]", pairs.height, "pairs") as tracker:
        part = VERIFIED_GROUPS.empty()
        for rows in verifier.verify(pairs, tracker.advance):
            part = pl.concat([part, _name_generations(rows, candidates)])
            work.counts["verified_pairs"] += rows.height
            if part.height >= PAIRS_A_PART:
                work.commit = stage.tables.append(work.commit, VERIFIED_GROUPS, part)
                part = part.clear()
        work.commit = stage.tables.append(work.commit, VERIFIED_GROUPS, part)
    work.commit = stage.tables.merge_small_parts(work.commit, VERIFIED_GROUPS, PAIRS_A_PART, max_small=8)
    work.commit = replace(work.commit, details=source)
    stage.finish(work)


def _drop_other_policies(stage: Stage, work: PartitionWork) -> Commit:
    """Keep the verdicts that stand if all were given under this policy, none otherwise."""
    version = stage.policies[0].version
    verdicts = stage.tables.read_parts(VERIFIED_GROUPS, work.key, work.commit.parts, [*PAIR_KEY, "policy_version"])
    if (verdicts["policy_version"] == version).all():
        return work.commit
    return stage.tables.rewrite(VERIFIED_GROUPS, work.key, VERIFIED_GROUPS.empty(), "")


def _name_generations(rows: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Pairs of one recipe that passed the pixel tests are of level generation."""
    same = rows.join(candidates.select(*PAIR_KEY, "same_recipe"), on=PAIR_KEY, how="left", maintain_order="left")[
        "same_recipe"
    ]
    level = pl.when(pl.col("verdict") & same).then(pl.lit("generation")).otherwise(pl.col("level"))
    return rows.with_columns(level=level).select(VERIFIED_GROUPS.column_names)


def _histogram(verdicts: pl.DataFrame) -> bytes | None:
    scores = verdicts["structure_score"].drop_nulls()
    return (
        None
        if scores.is_empty()
        else distance_histogram(scores.to_numpy(), None, "Structure score of candidate pairs", "share of windows")
    )


@dg.asset_check(
    asset=verified_groups, blocking=True, description="Every candidate pair has a verdict, passed or rejected."
)
def every_candidate_pair_has_a_verdict(collection: Collection) -> dg.AssetCheckResult:
    """Look for candidate pairs of images still in the source without a verdict, in the partitions that are up to date."""
    tables = collection.tables()
    present = read_contents(tables, ())["file_sha256"].implode()
    keys = up_to_date_partitions(tables, VERIFIED_GROUPS, WAVELET_GROUPS)
    candidates = tables.read_many(WAVELET_GROUPS, keys, [*PAIR_KEY, "stands_for_more"])
    verdicts = tables.read_many(VERIFIED_GROUPS, keys, PAIR_KEY)
    listed = candidates.filter(~pl.col("stands_for_more"))
    missing = listed.join(verdicts, on=PAIR_KEY, how="anti").filter(pl.all_horizontal(pl.col(PAIR_KEY).is_in(present)))
    return dg.AssetCheckResult(passed=missing.is_empty(), metadata={"pairs_without_verdict": missing.height})
