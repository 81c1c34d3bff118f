"""`similar_groups`: heavy edits among the kept pictures, found by their vectors and confirmed by geometry; then look-alikes.

Belongs here: the policy, and the verdicts on the pairs that are looked at. Does not belong here: vectors (`embeddings`), which
pairs these are (`stages/vectors/nearest_pictures.py`), the tests (`kernels/verify/cascade.py`), the final groups (`dedup_report`).

The table holds the pairs that are looked at now, of all partitions, each in the partition of its left picture, and no other: a
function of the contents, their vectors and the policies. A pair that is no longer among them leaves, so that no group rests
on it; should it come back, it is verified again.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from dedup_assets.policies import SimilarityPolicy, VerificationPolicy
from dedup_assets.report.plain_words import counted
from dedup_assets.report.plots import distance_histogram
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.stages.pairs.contents import PAIR_KEY
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.stages.vectors.nearest_pictures import (
    SearchLimits,
    find_neighbours,
    read_providers,
    read_search_recall,
)
from dedup_assets.tables import EMBEDDINGS, REPRESENTATIVES, SIMILAR_GROUPS, VERIFIED_GROUPS

PAIRS_A_PART = 1_000
MIN_SEARCH_RECALL = 0.6
"""Of all neighbours, most of which are unrelated and lie anywhere; of copies, an index finds more."""


@table_asset(SIMILAR_GROUPS, {"opencv"}, "2", reads_all=[EMBEDDINGS], in_one_run=True)
def similar_groups(
    context: dg.AssetExecutionContext,
    collection: Collection,
    verification_policy: VerificationPolicy,
    similarity_policy: SimilarityPolicy,
    progress: ProgressReporter,
) -> None:
    """Compare each kept picture with its nearest of all partitions, and verify what may be a copy."""
    stage = Stage(
        context, SIMILAR_GROUPS, collection.tables(), verification_policy, similarity_policy, source=EMBEDDINGS
    )
    providers = read_providers(stage.tables)
    inputs = stage.digest_of_all(REPRESENTATIVES, EMBEDDINGS, VERIFIED_GROUPS)
    fingerprint = stage.fingerprint(inputs, providers)
    judging: _Judging | None = None
    for key in stage.keys:
        with stage.partition(key, fingerprint) as work:
            work.counts = {"verified_pairs": 0}
            if not work.is_current and providers:
                judging = judging or _Judging(stage, collection, verification_policy, similarity_policy, progress)
                work.commit, work.counts["verified_pairs"] = judging.bring_up_to_date(work.commit, fingerprint)
            _describe(stage, work, judging)
    for key in sorted(set(stage.tables.partitions(SIMILAR_GROUPS)).union(judging.partitions if judging else ())):
        if judging and key not in stage.keys:
            judging.bring_up_to_date(stage.tables.begin(SIMILAR_GROUPS, key), fingerprint)
    if judging:
        judging.tell()


class _Judging:
    """The pairs that are looked at now, of all partitions, found once a run, and the verdicts on them."""

    def __init__(
        self,
        stage: Stage,
        collection: Collection,
        verification: VerificationPolicy,
        policy: SimilarityPolicy,
        progress: ProgressReporter,
    ) -> None:
        self.stage, self.tables, self.progress = stage, stage.tables, progress
        self.verifier = PairVerifier(collection, verification)
        self.about: dict[str, dict[str, Any]] = {}
        self.min_copy = 1.0
        found = []
        for provider in read_providers(self.tables):
            self.min_copy, min_similar = policy.limits(provider)
            limits = SearchLimits(policy.neighbours, self.min_copy, policy.max_exact_pictures, collection.workers)
            neighbours = find_neighbours(self.tables, provider, limits)
            alike = pl.col("cosine_similarity") >= min_similar
            found.append(neighbours.pairs.with_columns(alike=alike))
            self.about[f"{provider['model']} {provider['revision']}"] = neighbours.about
        known = self.tables.read_many(VERIFIED_GROUPS, columns=PAIR_KEY)
        self.pairs = pl.concat(found).unique(PAIR_KEY, keep="first", maintain_order=True)
        self.unknown = self.pairs.join(known, on=PAIR_KEY, how="anti", maintain_order="left")
        by_partition = self.unknown.partition_by("partition", as_dict=True)
        self.partitions = {str(key): pairs for (key,), pairs in by_partition.items()}

    def bring_up_to_date(self, commit: Commit, fingerprint: str) -> tuple[Commit, int]:
        """Make a partition hold the pairs of now with their verdicts; returns its state and how many were verified."""
        pairs = self.partitions.get(commit.partition, self.unknown.clear())
        before = self.tables.read_parts(SIMILAR_GROUPS, commit.partition, commit.parts)
        kept = _with_cosine(before.filter(pl.col("policy_version") == self.verifier.policy_version), pairs)
        if not kept.equals(before.sort(PAIR_KEY)):
            commit = self.tables.rewrite(SIMILAR_GROUPS, commit.partition, kept, "")
        todo = pairs.join(kept, on=PAIR_KEY, how="anti", maintain_order="left")
        commit, verified = self._verify(replace(commit, fingerprint=None), todo)
        return self.tables.publish(replace(commit, fingerprint=fingerprint)), verified

    def _verify(self, commit: Commit, pairs: pl.DataFrame) -> tuple[Commit, int]:
        part, verified = SIMILAR_GROUPS.empty(), 0
        asked = pairs.with_columns(transform=pl.lit("unknown"))
        with self.progress.track(
            self.stage.log, f"{SIMILAR_GROUPS.name} [{commit.partition}]", pairs.height, "pairs"
        ) as tracker:
            for rows in self.verifier.verify(asked, tracker.advance):
                part, verified = pl.concat([part, _with_cosine(rows, pairs)]), verified + rows.height
                if part.height >= PAIRS_A_PART:
                    commit, part = self.tables.append(commit, SIMILAR_GROUPS, part), part.clear()
        return self.tables.append(commit, SIMILAR_GROUPS, part), verified

    def tell(self) -> None:
        """Say in the log and on the materialization what was searched and where the cap was met."""
        about = {"pairs_looked_at": self.unknown.height, "pairs_known_by_hash": self.pairs.height - self.unknown.height}
        self.stage.context.add_asset_metadata(about | {"search": self.about}, partition_key=self.stage.keys[0])
        for model, each in self.about.items():
            self.stage.log(
                f"{SIMILAR_GROUPS.name}: {counted(each['searched_pictures'], 'picture')} by vectors of {model}, {each['search']} "
                f"search (recall {each['search_recall']:.3f}); {counted(self.unknown.height, 'pair')} to look at. Pictures with as "
                f"many neighbours as the policy allows, or more: {each['pictures_at_the_cap']:,}."
            )


def _with_cosine(rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Rows of evidence on those that are among `pairs`, with the cosine of now; rejected pairs of look-alikes are named so."""
    columns = pairs.select(*PAIR_KEY, "cosine_similarity", "alike")
    found = rows.drop("cosine_similarity", strict=False).join(columns, on=PAIR_KEY).sort(PAIR_KEY)
    rejected = pl.when("alike").then(pl.lit("similar"))
    level = pl.when("verdict").then("level").otherwise(rejected)
    return found.with_columns(level=level).select(SIMILAR_GROUPS.column_names)


def _describe(stage: Stage, work: PartitionWork, judging: _Judging | None) -> None:
    pairs = stage.tables.read(SIMILAR_GROUPS, work.key)
    work.counts |= {
        "copies": int(pairs["verdict"].sum()),
        "look_alikes": int((pairs["level"] == "similar").sum()),
    }
    work.preview = pairs.filter(pl.col("level").is_not_null()).select(
        *PAIR_KEY, "level", "cosine_similarity", "local_inliers"
    )
    work.picture = partial(_histogram, pairs, judging)


def _histogram(pairs: pl.DataFrame, judging: _Judging | None) -> bytes | None:
    cosines = pairs["cosine_similarity"].drop_nulls()
    if cosines.is_empty():
        return None
    limit = judging.min_copy if judging else None
    return distance_histogram(cosines.to_numpy(), limit, "Cosine similarity of pairs looked at", "cosine")


@dg.asset_check(asset=similar_groups, blocking=True, description="No look-alike passes as a duplicate.")
def look_alikes_are_never_duplicates(collection: Collection) -> dg.AssetCheckResult:
    """Count pairs of level similar that carry a positive verdict."""
    pairs = collection.tables().read_many(SIMILAR_GROUPS, columns=["verdict", "level"])
    wrong = pairs.filter(pl.col("verdict") & (pl.col("level") == "similar")).height
    return dg.AssetCheckResult(
        passed=wrong == 0, metadata={"pairs": pairs.height, "look_alikes_called_duplicates": wrong}
    )


@dg.asset_check(asset=similar_groups, description="Where an index searches, it finds what an exact search finds.")
def the_index_finds_what_is_near(collection: Collection) -> dg.AssetCheckResult:
    """Warn where the recall that was measured beside the last search is low; it is 1 where all pictures are compared."""
    recall = read_search_recall(collection.tables())
    return dg.AssetCheckResult(
        passed=recall >= MIN_SEARCH_RECALL, severity=dg.AssetCheckSeverity.WARN, metadata={"search_recall": recall}
    )
