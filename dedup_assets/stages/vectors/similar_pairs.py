"""The pairs of kept pictures that are looked at now, found once a run by their vectors, and the verdicts on them.

Belongs here: the work of `similar_groups`, one partition after the other. Does not belong here: which pairs these are
(`nearest_pictures.py`), the tests (`kernels/verify/cascade.py`), what is told of a partition (`assets/similar_groups.py`).
"""

from dataclasses import replace
from typing import Any

import polars as pl

from dedup_assets.kernels.verify.evidence import UNKNOWN
from dedup_assets.policies import SimilarityPolicy, VerificationPolicy
from dedup_assets.report.plain_words import counted
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.stages.departed import bring_back, set_apart
from dedup_assets.stages.pairs.class_links import ClassLinks
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents
from dedup_assets.stages.pairs.evidence_rows import ends_of
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.parts import append_in_parts
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.vectors.nearest_pictures import SearchLimits, find_neighbours, read_models
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import DEPARTED, SIMILAR_GROUPS, VERIFIED_GROUPS


class SimilarPairs:
    """The pairs of all partitions, each in that of its left picture."""

    def __init__(
        self,
        stage: Stage,
        collection: Collection,
        verification: VerificationPolicy,
        policy: SimilarityPolicy,
        progress: ProgressReporter,
        workers: Workers,
    ) -> None:
        """Search by the vectors of each model in use."""
        self._stage, self._progress = stage, progress
        self._verifier = PairVerifier(stage.tables, collection.store, verification, workers)
        self._about: dict[str, dict[str, Any]] = {}
        self.min_copy = 1.0
        found = []
        for model, limits_of_model in read_models(stage.tables).items():
            self.min_copy, min_similar = policy.limits(limits_of_model)
            limits = SearchLimits(policy.neighbours, self.min_copy, policy.max_exact_pictures, collection.workers)
            neighbours = find_neighbours(stage.tables, model, limits)
            found.append(neighbours.pairs.with_columns(alike=pl.col("cosine_similarity") >= min_similar))
            self._about[model.stored] = neighbours.about
        known = stage.tables.read_many(VERIFIED_GROUPS, columns=PAIR_KEY)
        links = ClassLinks(stage.tables, self._verifier.homes["file_sha256"])
        pairs = pl.concat(found).unique(PAIR_KEY, keep="first", maintain_order=True)
        apart = pairs.filter(~links.are_near(pairs))
        self._unknown = apart.join(known, on=PAIR_KEY, how="anti", maintain_order="left")
        self._known_by_hash = pairs.height - self._unknown.height
        by_partition = self._unknown.partition_by("partition", as_dict=True)
        self._partitions = {str(key): rows for (key,), rows in by_partition.items()}

    def bring_up_to_date(self, work: PartitionWork) -> None:
        """Make a partition hold the pairs of now with their verdicts; counts those that were verified."""
        pairs = self._partitions.get(work.key, self._unknown.clear())
        for _ in self._stage.until_settled(work):
            work.commit = self._follow_contents(replace(work.commit, fingerprint=None))
            self._keep(work, pairs)
        for _ in self._stage.until_settled(work):
            self._verify(work, pairs)
            self._stage.finish(work)

    def bring_others_up_to_date(self, fingerprint: str) -> None:
        """The same for partitions that were not asked for: a pair may have moved there, or left them."""
        tables = self._stage.tables
        for key in sorted({*tables.partitions(SIMILAR_GROUPS), *self._partitions} - {*self._stage.keys}):
            begun = tables.begin(SIMILAR_GROUPS, key)
            self.bring_up_to_date(PartitionWork(key, fingerprint, False, begun, {"verified_pairs": 0}))
        self._verifier.keep_features()

    def _follow_contents(self, commit: Commit) -> Commit:
        """Bring back the pairs of contents that returned, and set those apart of which an end left."""
        tables, here = self._stage.tables, self._verifier.homes["file_sha256"]
        departed = DEPARTED[SIMILAR_GROUPS.name]
        stored = tables.read_many(departed, [commit.partition], PAIR_KEY)
        ends = ends_of(pl.concat([stored, tables.read_parts(SIMILAR_GROUPS, commit.partition, commit.parts, PAIR_KEY)]))
        gone = ends.filter(pl.Series(number_contents(here, ends) < 0))
        are_here = pl.all_horizontal(~pl.col(PAIR_KEY).is_in(gone.implode()))
        commit = bring_back(tables, commit, SIMILAR_GROUPS, PAIR_KEY, are_here)
        return set_apart(tables, commit, SIMILAR_GROUPS, PAIR_KEY, are_here)

    def _keep(self, work: PartitionWork, pairs: pl.DataFrame) -> None:
        """Drop what is not among the pairs of now, or was judged under another policy."""
        before = self._stage.tables.read_parts(SIMILAR_GROUPS, work.key, work.commit.parts)
        kept = _with_cosine(before.filter(pl.col("policy_version") == self._verifier.policy_version), pairs)
        if not kept.equals(before.sort(PAIR_KEY)):
            work.commit = self._stage.tables.rewrite(SIMILAR_GROUPS, work.key, kept, "", made_of=work.commit)
        work.commit = replace(work.commit, fingerprint=None)

    def _verify(self, work: PartitionWork, pairs: pl.DataFrame) -> None:
        known = self._stage.tables.read_parts(SIMILAR_GROUPS, work.key, work.commit.parts, PAIR_KEY)
        todo = pairs.join(known, on=PAIR_KEY, how="anti", maintain_order="left").with_columns(transform=pl.lit(UNKNOWN))
        with self._stage.track(work, self._progress, todo.height, "pairs") as tracker:
            verdicts = (_with_cosine(rows, pairs) for rows in self._verifier.verify(todo, tracker.advance))
            work.counts["verified_pairs"] += append_in_parts(self._stage, work, verdicts)

    def tell(self) -> None:
        """Say in the log and on the materialization what was searched and where the cap was met."""
        about = {"pairs_looked_at": self._unknown.height, "pairs_known_by_hash": self._known_by_hash}
        self._stage.context.add_asset_metadata(about | {"search": self._about}, partition_key=self._stage.keys[0])
        for model, each in self._about.items():
            self._stage.log(
                f"{SIMILAR_GROUPS.name}: {counted(each['searched_pictures'], 'picture')} by vectors of {model}, {each['search']} "
                f"search (recall {each['search_recall']:.3f}); {counted(self._unknown.height, 'pair')} to look at. "
                f"Pictures with as many neighbours as the policy allows, or more: {each['pictures_at_the_cap']:,}."
            )


def _with_cosine(rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Rows of evidence on those that are among `pairs`, with the cosine of now; rejected pairs of look-alikes are named so."""
    columns = pairs.select(*PAIR_KEY, "cosine_similarity", "alike")
    found = rows.drop("cosine_similarity", strict=False).join(columns, on=PAIR_KEY).sort(PAIR_KEY)
    rejected = pl.when("alike").then(pl.lit("similar"))
    level = pl.when("verdict").then("level").otherwise(rejected)
    return found.with_columns(level=level).select(SIMILAR_GROUPS.column_names)
