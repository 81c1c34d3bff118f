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
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents, readable
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
            for _ in self._stage.until_settled(work):
                self._search(work, features, recipes)
            tracker.advance(self._contents.height)

    def _search(self, work: PartitionWork, features: Commit, recipes: Commit) -> None:
        details = work.commit.details
        searched = set(details.get("searched_parts", ())) if details.get("search") == self._version else set()
        queries = self._contents_of(work.key, [part for part in features.parts if part.name not in searched])
        parts = work.commit.parts if searched else ()
        before = self._tables.read_parts(WAVELET_GROUPS, work.key, parts)
        parsers, parsed = self._parser_versions(recipes), queries
        if details.get("parser_versions") != parsers:
            before, parsed = self.recipes.tell_same(before), self._contents_of(work.key, features.parts)
        found = self._candidates_of(queries, parsed, self._known(work.key, before))
        pairs = pl.concat([before, found]).sort(PAIR_KEY)
        made_by = {
            "searched_parts": features.part_names,
            "search": self._version,
            "parser_versions": parsers,
        }
        work.commit = self._tables.rewrite(
            WAVELET_GROUPS, work.key, pairs, work.fingerprint, made_by, made_of=work.commit
        )

    def _known(self, key: str, before: pl.DataFrame) -> pl.DataFrame:
        """The pairs, and their classes, that this partition has and that others have found: each is verified by one owner."""
        others = [name for name in self._tables.partitions(WAVELET_GROUPS) if name != key]
        columns = [*PAIR_KEY, *CLASS_KEY]
        return pl.concat([before.select(columns), self._tables.read_many(WAVELET_GROUPS, others, columns)])

    def _candidates_of(
        self, queries: NDArray[np.int64], parsed: NDArray[np.int64], known: pl.DataFrame
    ) -> pl.DataFrame:
        """Candidate pairs of `queries` by hash and of `parsed` by recipe with all, each once, but those that are known.

        One pair for all of two classes is left out where any pair of these is known, and a pair of one recipe where hashes are
        near: that is asked about.
        """
        by_hash = self._hashes.candidates_of(queries)
        listed, standing = by_hash.filter(~pl.col("stands_for_more")), by_hash.filter("stands_for_more")
        new = pl.concat([listed, _not_linked(standing, known)])
        by_recipe = self._with_classes(self.recipes.candidates_of(self._contents[parsed]))
        linked = pl.concat([known.select(CLASS_KEY), by_hash.select(CLASS_KEY)])
        unlike = _not_linked(by_recipe.filter(pl.col("left_class") != pl.col("right_class")), linked).drop(CLASS_KEY)
        told = unlike.with_columns(transform=pl.lit(UNKNOWN), stands_for_more=pl.lit(False))
        every = pl.concat([new, told], how="diagonal").join(known, on=PAIR_KEY, how="anti", maintain_order="left")
        return self.recipes.tell_same(every).select(WAVELET_GROUPS.column_names)

    def _with_classes(self, pairs: pl.DataFrame) -> pl.DataFrame:
        index = self._hashes.index
        for side in ("left", "right"):
            rows = number_contents(self._contents["file_sha256"], pairs[f"{side}_sha256"])
            names = index.classes.names[index.class_of[rows]]
            pairs = pairs.with_columns(pl.Series(f"{side}_class", names, dtype=pl.Int64))
        return pairs

    def _parser_versions(self, recipes: Commit) -> list[str]:
        """Which parsers read the recipes of a partition: another one may have found some in files that are known."""
        rows = self._tables.read_parts(METADATA_HASHES, recipes.partition, recipes.parts, ["parser_version"])
        return sorted(rows["parser_version"].unique())

    def _contents_of(self, key: str, parts: Sequence[Part]) -> NDArray[np.int64]:
        """The contents of some parts, by row of all contents."""
        new = readable(self._tables, key, parts, ()).select("file_sha256").unique()
        rows = self._contents.with_row_index("row").join(new, on="file_sha256", how="semi", maintain_order="left")
        return rows["row"].to_numpy().astype(np.int64)


def _not_linked(pairs: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """The pairs of which no pair of the same two classes is among `linked`."""
    classes = linked.select(CLASS_KEY)
    both = pl.concat([classes, classes.select(left_class="right_class", right_class="left_class")])
    return pairs.join(both, on=CLASS_KEY, how="anti", maintain_order="left")
