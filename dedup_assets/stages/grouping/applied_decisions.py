"""What the decisions of people come to, for the contents of one collection.

Belongs here: the rules by which decisions that contradict each other are obeyed (the search for a consistent set is in
`kernels/group/bonds.py`). Does not belong here: where decisions lie (`resources/database/decisions.py`), verdicts (`verdicts.py`).

The rules: "not the same" always counts, also for all that is the same as either end. "The same" counts, the newest first,
unless it would bring together what is set apart. Of several images to keep in one group the newest decision counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.group.bonds import Bonds, resolve_bonds
from dedup_assets.policies import digest_of
from dedup_assets.resources.database.decisions import KEEP_THIS, NOT_SAME, Decision
from dedup_assets.stages.stage import Stage


@dataclass(frozen=True)
class Decided:
    """The decisions that count now, the newest first; each is about two contents, or about one alone."""

    decisions: Sequence[Decision] = ()

    @cached_property
    def digest(self) -> str:
        """Another one for other decisions, for the fingerprint of what obeys them."""
        return digest_of([decision.document() for decision in self.decisions])

    @property
    def obeyed_pairs(self) -> list[Decision]:
        """Decisions about pairs that are followed; one to keep an end says too that both are the same."""
        refused = set(self.refused)
        return [each for each in self.decisions if each.is_about_a_pair and each not in refused]

    @cached_property
    def refused(self) -> list[Decision]:
        """Decisions "the same" that are not followed, since they would bring together what others set apart."""
        refused = set(self._bonds.refused)
        return [decision for decision in self._same if self._ends(decision) in refused]

    @cached_property
    def kept(self) -> dict[bytes, Decision]:
        """Contents that are kept wherever they stand, that of the newest decision first."""
        kept: dict[bytes, Decision] = {}
        for decision in self.decisions:
            if decision.verdict == KEEP_THIS and decision.kept_sha256:
                kept.setdefault(decision.kept_sha256, decision)
        return kept

    def bonds_of(self, contents: pl.Series) -> Bonds | None:
        """The same for `contents`, which are nodes 0..n-1 in this order; None where nobody said anything about a pair of them.

        What holds through a picture that has left the source still holds: A is B, and B is C, make A and C one.
        """
        here = _numbered(contents).join(self._pictures, on="content", maintain_order="left")
        if here.is_empty():
            return None
        here = here.with_columns(label=pl.col("node").min().over("picture"))
        labels = np.arange(len(contents), dtype=np.int64)
        labels[here["node"].to_numpy()] = here["label"].to_numpy()
        label_of = dict(here.select("picture", "label").iter_rows())
        named = [pair for pair in self._bonds.apart.tolist() if label_of.keys() >= set(pair)]
        apart = sorted(tuple(sorted((label_of[one], label_of[other]))) for one, other in named)
        return Bonds(labels, np.array(apart, dtype=np.int64).reshape(-1, 2))

    def tiers(self, contents: pl.Series, first: pl.Series | None) -> NDArray[np.int64]:
        """Who becomes a centre before whom, (n,), low before high: contents to keep, then those in `first`, then all others."""
        tiers = np.full(len(contents), len(self.kept) + 1, np.int64)
        if first is not None:
            tiers[contents.is_in(first.implode()).to_numpy()] = len(self.kept)
        places = pl.DataFrame({"content": list(self.kept)}, schema={"content": pl.Binary}).with_row_index("place")
        here = _numbered(contents).join(places, on="content", maintain_order="left")
        tiers[here["node"].to_numpy()] = here["place"].to_numpy()
        return tiers

    @cached_property
    def _number_of(self) -> dict[bytes, int]:
        pairs = [decision for decision in self.decisions if decision.is_about_a_pair]
        ends = {end for decision in pairs for end in (decision.left_sha256, decision.right_sha256)}
        return {content: number for number, content in enumerate(sorted(ends))}

    @cached_property
    def _same(self) -> list[Decision]:
        return [each for each in self.decisions if each.is_about_a_pair and each.verdict != NOT_SAME]

    @cached_property
    def _bonds(self) -> Bonds:
        apart = [self._ends(each) for each in self.decisions if each.verdict == NOT_SAME]
        return resolve_bonds(len(self._number_of), map(self._ends, self._same), apart)

    @cached_property
    def _pictures(self) -> pl.DataFrame:
        schema = {"content": pl.Binary, "picture": pl.Int64}
        return pl.DataFrame({"content": list(self._number_of), "picture": self._bonds.labels}, schema=schema)

    def _ends(self, decision: Decision) -> tuple[int, int]:
        return self._number_of[decision.left_sha256], self._number_of[decision.right_sha256]


def tell_decisions(stage: Stage, decided: Decided) -> None:
    """Say in the run's log and on each materialization how many decisions there are, and which contradict others."""
    if not decided.decisions:
        return
    refused = [f"{each.left_sha256.hex()[:12]} and {each.right_sha256.hex()[:12]}" for each in decided.refused]
    for key in stage.keys:
        told = {"decisions": len(decided.decisions), "contradicting_decisions": len(refused)}
        stage.context.add_asset_metadata(told, partition_key=key)
    for pair in refused:
        stage.log(f"{stage.table.name}: {pair} were called the same, which contradicts other decisions; not followed")


def _numbered(contents: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"content": contents}).with_row_index("node")
