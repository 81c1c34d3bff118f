"""The candidate pairs of a partition: which contents are new to the search, and which of the pairs found are its own.

Belongs here: the work of `wavelet_groups` on one partition, by hash and by recipe. Does not belong here: who is near whom by
hash (`candidate_index.py`) or of one recipe (`recipe_pairs.py`), any verdict (`candidate_verdicts.py`).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.verify.evidence import UNKNOWN
from dedup_assets.policies import CandidatePolicy
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.commits import Commit, Part
from dedup_assets.stages.pairs.candidate_index import CandidateIndex
from dedup_assets.stages.pairs.contents import PAIR_KEY, readable
from dedup_assets.stages.pairs.hashed_contents import read_class_index
from dedup_assets.stages.pairs.recipe_pairs import RecipeIndex
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.tables import METADATA_HASHES, WAVELET_GROUPS

CLASS_KEY = ("left_class", "right_class")


class CandidateSearch:
    """All contents and their hashes, read once a run, after the features of all its partitions are visible."""

    def __init__(self, stage: Stage, policy: CandidatePolicy) -> None:
        self._stage, self._tables = stage, stage.tables
        self._hashes = CandidateIndex(read_class_index(stage.tables), policy.limits())
        self._contents = self._hashes.index.contents
        self.recipes = RecipeIndex(stage.tables, self._contents)
        self._version = stage.fingerprint()  # another policy or code searches all contents of a partition again

    def bring_up_to_date(
        self, work: PartitionWork, features: Commit, recipes: Commit, progress: ProgressReporter
    ) -> None:
        """Search all partitions for what is new in this one, and keep the pairs that no other has found.

        `features` and `recipes` are those of the partition, as they were before this search was made.
        """
        with self._stage.track(work, progress, self._contents.height, "contents searched") as tracker:
            self._search(work, features, recipes)
            tracker.advance(self._contents.height)

    def _search(self, work: PartitionWork, features: Commit, recipes: Commit) -> None:
        details = work.commit.details
        searched = set(details.get("searched_parts", ())) if details.get("search") == self._version else set()
        queries = self._contents_of(work.key, [part for part in features.parts if part.name not in searched])
        before = self._tables.read(WAVELET_GROUPS, work.key) if searched else WAVELET_GROUPS.empty()
        parsers, parsed = self._parser_versions(recipes), queries
        if details.get("parser_versions") != parsers:
            before, parsed = self.recipes.tell_same(before), self._contents_of(work.key, features.parts)
        found, crowded = self._candidates_of(queries, parsed)
        every = pl.concat([before, self._drop_known(work.key, before, found)])
        pairs = every.unique(PAIR_KEY, keep="first", maintain_order=True).sort(PAIR_KEY)
        made_by = {
            "searched_parts": features.part_names,
            "search": self._version,
            "parser_versions": parsers,
            "crowded_contents": crowded + (int(details.get("crowded_contents", 0)) if searched else 0),
        }
        work.commit = self._tables.rewrite(WAVELET_GROUPS, work.key, pairs, work.fingerprint, made_by)

    def _candidates_of(self, queries: NDArray[np.int64], parsed: NDArray[np.int64]) -> tuple[pl.DataFrame, int]:
        """Candidate pairs of `queries` by hash and of `parsed` by recipe with all; and how many contents are crowded.

        The ends of a pair are in order, and each pair stands there once.
        """
        by_hash = self._hashes.candidates_of(queries)
        by_recipe = self.recipes.candidates_of(self._contents[parsed]).with_columns(
            transform=pl.lit(UNKNOWN), stands_for_more=pl.lit(False)
        )
        every = pl.concat([by_hash.pairs, by_recipe], how="diagonal").unique(
            PAIR_KEY, keep="first", maintain_order=True
        )
        return self.recipes.tell_same(every).select(WAVELET_GROUPS.column_names), by_hash.crowded

    def _parser_versions(self, recipes: Commit) -> list[str]:
        """Which parsers read the recipes of a partition: another one may have found some in files that are known."""
        rows = self._tables.read_parts(METADATA_HASHES, recipes.partition, recipes.parts, ["parser_version"])
        return sorted(rows["parser_version"].unique())

    def _contents_of(self, key: str, parts: Sequence[Part]) -> NDArray[np.int64]:
        """The contents of some parts, by row of all contents."""
        new = readable(self._tables, key, parts, ()).select("file_sha256").unique()
        rows = self._contents.with_row_index("row").join(new, on="file_sha256", how="semi", maintain_order="left")
        return rows["row"].to_numpy().astype(np.int64)

    def _drop_known(self, key: str, before: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
        """Leave out pairs that another partition has found already: each pair is verified by one owner.

        One pair for all of two classes is left out where any pair of these is known.
        """
        others = [name for name in self._tables.partitions(WAVELET_GROUPS) if name != key]
        known = self._tables.read_many(WAVELET_GROUPS, others, [*PAIR_KEY, *CLASS_KEY])
        classes = pl.concat([known.select(CLASS_KEY), before.select(CLASS_KEY)]).drop_nulls().unique()
        both = pl.concat([classes, classes.select(left_class="right_class", right_class="left_class")])
        listed = pairs.filter(~pl.col("stands_for_more"))
        standing = pairs.filter("stands_for_more").join(both, on=CLASS_KEY, how="anti", maintain_order="left")
        return pl.concat([listed, standing]).join(known, on=PAIR_KEY, how="anti", maintain_order="left")
