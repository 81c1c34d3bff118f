"""Stages whose result is one for the whole container: computed once a run, written partition by partition.

Belongs here: what such stages share, when they compute, and which partitions they write. Does not belong here: the rows that
they write (the assets), how groups are formed (`stages/grouping/groups.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from dedup_assets.contracts import Table
from dedup_assets.policies import KeepPolicy, VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.stages.grouping.applied_decisions import Decided, tell_decisions
from dedup_assets.stages.grouping.collected_images import CollectedImages
from dedup_assets.stages.grouping.groups import group_images
from dedup_assets.stages.grouping.star_verifier import StarVerifier, tell_caps
from dedup_assets.stages.grouping.verdicts import gather_verdicts
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.stage import PartitionWork, Stage, made_from
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import IMAGE_FEATURES

Grouped = tuple[pl.DataFrame, int]
"""The rows of all partitions, with a column `partition`, and how many pairs had to be verified for them."""


@dataclass
class WholeContainer:
    """One run of a stage that groups all readable images, by the policies and by what people have decided when it begins anew."""

    stage: Stage
    collection: Collection
    verification: VerificationPolicy
    keep: KeepPolicy
    read_decided: Callable[[], Decided]
    progress: ProgressReporter
    decided: Decided = field(init=False)

    def __post_init__(self) -> None:
        """Read what was decided."""
        self.decided = self.read_decided()

    def group(self, images: CollectedImages, *found: pl.DataFrame, first: pl.Series | None = None) -> Grouped:
        """Group `images` as `group_images` does, by the verdicts that searches `found`; unknown ones are found now."""
        tables, version = self.stage.tables, self.verification.version
        verdicts = gather_verdicts(tables, version, self.decided, *found)
        contents = images["file_sha256"].unique().sort()
        follow = self.progress.track(self.stage.log, self.stage.table.name, len(contents), "contents grouped")
        with follow as tracker, Workers(self.collection.workers) as workers:
            make_verifier = partial(PairVerifier, tables, self.collection.store, self.verification, workers)
            stars = StarVerifier(tables, contents, verdicts.known, version, make_verifier, tracker.advance)
            rows = group_images(images, verdicts.proposed, self.keep, stars, first, self.decided)
            tracker.advance(max(0, tracker.total - tracker.done))
        tell_caps(self.stage, stars)
        return rows, stars.remember()

    def write(
        self, inputs: Sequence[Table], compute: Callable[[], Grouped], describe: Callable[[PartitionWork], None]
    ) -> int | None:
        """Write every partition whose rows changed, those not asked for too; one that is current is left as it is.

        Where another run has written some meanwhile, all is done again from what is visible then: an older view never
        replaces a newer one. `describe` adds to the counts of each partition and sets its preview and picture. Returns how
        many pairs were verified; None where all partitions asked for were current, and nothing was computed from `inputs`.
        """
        views: list[_View] = []
        while not self._write_once(inputs, compute, describe, views):
            self.stage.look_again()
            self.decided = self.read_decided()
        tell_decisions(self.stage, self.decided)
        return sum(view.verified_pairs for view in views) if views else None

    def _write_once(
        self,
        inputs: Sequence[Table],
        compute: Callable[[], Grouped],
        describe: Callable[[PartitionWork], None],
        views: "list[_View]",
    ) -> bool:
        """Write what is not current from a view of now, which joins those before it; False where another run came first."""
        stage, told = self.stage, sum(view.verified_pairs for view in views)
        view: _View | None = None
        fingerprint = stage.fingerprint(stage.digest_of_all(*inputs), self.decided.digest)
        for key in stage.keys:
            with stage.partition(key, fingerprint) as work:
                work.counts, told = {"verified_pairs": told}, 0
                if not work.is_current:
                    if view is None:
                        views.append(view := _View(stage, fingerprint, compute))
                        work.counts["verified_pairs"] += view.verified_pairs
                    work.commit = view.write(key)
                work.is_current = work.is_current and not views
                describe(work)
        return view is None or view.write_others()


class _View:
    """The rows of all partitions, and what each was made from: other runs may commit while they are computed."""

    def __init__(self, stage: Stage, fingerprint: str, compute: Callable[[], Grouped]) -> None:
        self._stage, self._fingerprint = stage, fingerprint
        keys = {*stage.keys, *stage.tables.partitions(stage.table)}
        self._origins = {key: made_from(stage.tables, key, IMAGE_FEATURES) for key in sorted(keys)}
        self._rows, self.verified_pairs = compute()
        self._is_alone = True

    def write(self, key: str) -> Commit:
        """Bring one partition to this view, unless another run has written it since."""
        table, tables = self._stage.table, self._stage.tables
        own = self._rows.filter(pl.col("partition") == key).select(table.column_names).sort("image_id")
        before = tables.begin(table, key)  # as it was listed
        after = tables.rewrite(table, key, own, self._fingerprint, self._origins[key], made_of=before)
        self._is_alone &= not after.strangers and after.number == before.number + 1
        return after

    def write_others(self) -> bool:
        """Bring the partitions that were not asked for to this view; returns whether no other run has written any since.

        A group spans partitions: were some left as they are, it would keep two images, or none.
        """
        for key in self._origins.keys() - self._stage.keys:
            self.write(key)
        return self._is_alone
