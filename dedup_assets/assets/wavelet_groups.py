"""`wavelet_groups`: who might be a duplicate of whom, by hashes and by recipe.

Belongs here: one partition after the other, and what is told of it. Does not belong here: which contents are new, and which
partition writes a pair (`stages/pairs/candidate_search.py`), any verdict (`verified_groups`).

A run compares what is new in its partitions with the contents of every partition. It reads the others only after its own
features are visible, so of two runs at work at once the later one sees the earlier, and each pair is found at least once.
"""

import dagster as dg

from dedup_assets.policies import CandidatePolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.pairs.candidate_search import CandidateSearch
from dedup_assets.stages.stage import Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import IMAGE_FEATURES, METADATA_HASHES, WAVELET_GROUPS


@table_asset(WAVELET_GROUPS, {"numba"}, "2", reads_all=[IMAGE_FEATURES, METADATA_HASHES], in_one_run=True)
def wavelet_groups(
    context: dg.AssetExecutionContext, collection: Collection, candidate_policy: CandidatePolicy
) -> None:
    """Search all partitions, once, for the contents that are new in those of this run."""
    stage = Stage(context, WAVELET_GROUPS, collection.tables(), candidate_policy, source=IMAGE_FEATURES)
    search: CandidateSearch | None = None
    inputs = {  # as they were before the search reads them
        key: (stage.tables.commit_of(IMAGE_FEATURES, key), stage.tables.commit_of(METADATA_HASHES, key))
        for key in stage.keys
    }
    fingerprints = {key: stage.fingerprint(*(made.digest for made in inputs[key])) for key in inputs}
    stale = {
        key: made
        for key, made in inputs.items()
        if stage.tables.commit_of(WAVELET_GROUPS, key).fingerprint != fingerprints[key]
    }
    for key, fingerprint in fingerprints.items():
        with stage.partition(key, fingerprint) as work:
            if not work.is_current:
                search = search or CandidateSearch(stage, candidate_policy, stale, collection.workers)
                search.bring_up_to_date(work)
            work.counts = {
                "candidate_pairs": work.commit.rows,
                "crowded_recipes": search.recipes.crowded if search else 0,
            }
            pairs = stage.tables.read(WAVELET_GROUPS, key, ["left_id", "right_id", "dct_distance", "transform"])
            work.preview, limit = pairs, candidate_policy.max_dct_distance
            work.show_histogram(pairs["dct_distance"], limit, "DCT hash distance of candidate pairs", "bits of 256")


@dg.asset_check(asset=wavelet_groups, description="There are few enough candidate pairs to look at each of them.")
def candidate_pairs_stay_few(collection: Collection, candidate_policy: CandidatePolicy) -> dg.AssetCheckResult:
    """Compare candidate pairs an image with the policy: a rise means that hashes have lost their meaning here."""
    tables = collection.tables().as_of_now()
    rows = {
        table.name: sum(tables.commit_of(table, key).rows for key in tables.partitions(table))
        for table in (IMAGE_FEATURES, WAVELET_GROUPS)
    }
    each = rows[WAVELET_GROUPS.name] / max(1, rows[IMAGE_FEATURES.name])
    return dg.AssetCheckResult(
        passed=each <= candidate_policy.max_pairs_per_image,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"pairs_per_image": each, "max_pairs_per_image": candidate_policy.max_pairs_per_image},
    )
