"""`verified_groups`: who really is a duplicate of whom, pair by pair, with the evidence of every test that was run.

Belongs here: one partition after the other, and what is told of it. Does not belong here: which candidate pairs still need
a verdict (`stages/pairs/candidate_verdicts.py`), or what becomes of the pairs (`representatives`).
"""

import dagster as dg
import polars as pl

from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.judged_partitions import judge_partitions
from dedup_assets.stages.pairs.candidate_verdicts import verify_candidates
from dedup_assets.stages.pairs.contents import PAIR_KEY, read_contents
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.stage import PartitionWork, Stage, made_from
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import VERIFIED_GROUPS, WAVELET_GROUPS


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
    sources = {key: made_from(stage.tables, key, WAVELET_GROUPS) for key in stage.keys}  # before the verifier reads
    with Workers(collection.workers) as workers:
        for key, source in sources.items():
            with stage.partition(key, stage.fingerprint(source["made_from"][WAVELET_GROUPS.name])) as work:
                work.counts = {"verified_pairs": 0}
                if not work.is_current:
                    verifier = verifier or PairVerifier(stage.tables, collection.store, verification_policy, workers)
                    verify_candidates(stage, work, verifier, source, progress)
                _describe(stage, work)
        if verifier:
            verifier.keep_features()


def _describe(stage: Stage, work: PartitionWork) -> None:
    verdicts = stage.tables.read(VERIFIED_GROUPS, work.key)
    work.counts |= {"passed": int(verdicts["verdict"].sum()), "rejected": int((~verdicts["verdict"]).sum())}
    work.preview = verdicts.group_by("level", "decided_by").agg(pairs=pl.len()).sort("pairs", descending=True)
    work.show_histogram(verdicts["structure_score"], None, "Structure score of candidate pairs", "share of windows")


@dg.asset_check(
    asset=verified_groups, blocking=True, description="Every candidate pair has a verdict, passed or rejected."
)
def every_candidate_pair_has_a_verdict(collection: Collection) -> dg.AssetCheckResult:
    """Look for candidate pairs of images still in the source without a verdict, in the partitions that are up to date."""
    tables = collection.tables().as_of_now()
    present = read_contents(tables, ())["file_sha256"].implode()
    judged = judge_partitions(tables, VERIFIED_GROUPS, WAVELET_GROUPS)
    candidates = tables.read_many(WAVELET_GROUPS, judged.keys, [*PAIR_KEY, "stands_for_more"])
    verdicts = tables.read_many(VERIFIED_GROUPS, judged.keys, PAIR_KEY)
    listed = candidates.filter(~pl.col("stands_for_more"))
    missing = listed.join(verdicts, on=PAIR_KEY, how="anti").filter(pl.all_horizontal(pl.col(PAIR_KEY).is_in(present)))
    return judged.result(missing.is_empty(), pairs_without_verdict=missing.height)
