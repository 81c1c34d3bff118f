"""The candidate pairs of all partitions: which contents are new to the search, and which partition writes which pair.

Belongs here: the work of `wavelet_groups`, by hash and by recipe. Does not belong here: who is near whom by hash
(`candidate_index.py`) or of one recipe (`recipe_pairs.py`), any verdict (`candidate_verdicts.py`).

A pair is written in one commit with the note that its contents were searched: in a partition that has one of them and was
searched for it. So a run that ends between two partitions leaves none behind.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.verify.evidence import UNKNOWN
from dedup_assets.policies import CandidatePolicy
from dedup_assets.resources.tables.commits import Commit, Part
from dedup_assets.stages.pairs.candidate_index import CandidateIndex
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents, readable
from dedup_assets.stages.pairs.hashed_contents import read_class_index
from dedup_assets.stages.pairs.recipe_pairs import RecipeIndex
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.tables import METADATA_HASHES, WAVELET_GROUPS

CLASS_KEY = ("left_class", "right_class")
KEYS = (*PAIR_KEY, *CLASS_KEY)
Owners = NDArray[np.int32]
NOBODY = np.iinfo(np.int32).max


Inputs = Mapping[str, tuple[Commit, Commit]]
"""The features and the recipes of each partition, as they were before a search was made."""


class CandidateSearch:
    """All contents and their hashes, read once a run, after the features of all its partitions are visible."""

    def __init__(self, stage: Stage, policy: CandidatePolicy, inputs: Inputs, threads: int) -> None:
        """Find the pairs of all that is new in the partitions of `inputs`, each of which is to be written, with all contents."""
        self._stage, self._tables, self._inputs = stage, stage.tables, inputs
        self._hashes = CandidateIndex(read_class_index(stage.tables), policy.limits(), threads)
        self._contents = self._hashes.index.contents
        self.recipes = RecipeIndex(stage.tables, self._contents)
        self._version = stage.fingerprint()  # another policy or code searches all contents of a partition again
        self._found = self._find_new()

    def bring_up_to_date(self, work: PartitionWork) -> None:
        """Write what was found for one partition beside the pairs that it has."""
        features, recipes = self._inputs[work.key]
        parsers = self._parser_versions(recipes)
        own = self._found.filter(pl.col("owner") == work.key).select(WAVELET_GROUPS.column_names)
        made_by = {"searched_parts": features.part_names, "search": self._version, "parser_versions": parsers}
        for _ in self._stage.until_settled(work):
            parts = work.commit.parts if self._searched_parts(work.commit) else ()
            before = self._tables.read_parts(WAVELET_GROUPS, work.key, parts)
            if work.commit.details.get("parser_versions") != parsers:
                before = self.recipes.tell_same(before)
            pairs = pl.concat([before, own.join(before, on=PAIR_KEY, how="anti")]).sort(PAIR_KEY)
            work.commit = self._tables.rewrite(
                WAVELET_GROUPS, work.key, pairs, work.fingerprint, made_by, made_of=work.commit
            )

    def _find_new(self) -> pl.DataFrame:
        """The pairs that no partition has, of what is new, each once, and `owner`, the partition that writes it.

        One pair for all of two classes is left out where any pair of these is known, and a pair of one recipe where hashes are
        near: that is asked about.
        """
        new, parsed = self._owners(self._unsearched_parts), self._owners(self._unparsed_parts)
        by_hash = self._hashes.candidates_of(np.flatnonzero(new < NOBODY))
        by_recipe = self._with_classes(self.recipes.candidates_of(self._contents[np.flatnonzero(parsed < NOBODY)]))
        known = self._known(pl.concat([by_hash.select(KEYS), by_recipe.select(KEYS)]))
        standing = pl.col("stands_for_more")
        near = pl.concat([by_hash.filter(~standing), _not_linked(by_hash.filter(standing), known)])
        linked = pl.concat([known.select(CLASS_KEY), by_hash.select(CLASS_KEY)])
        unlike = _not_linked(by_recipe.filter(pl.col("left_class") != pl.col("right_class")), linked).drop(CLASS_KEY)
        told = unlike.with_columns(transform=pl.lit(UNKNOWN), stands_for_more=pl.lit(False))
        owned = pl.concat([self._of_classes(near, new), self._of_contents(told, parsed)], how="diagonal")
        return self.recipes.tell_same(owned.join(known, on=PAIR_KEY, how="anti", maintain_order="left"))

    def _owners(self, new_parts: Callable[[str], Sequence[Part]]) -> Owners:
        """The first partition in whose new parts each content is, by its place; NOBODY where it is in none."""
        owners = np.full(self._contents.height, NOBODY, np.int32)
        for place, key in enumerate(self._inputs):
            rows = readable(self._tables, key, new_parts(key), ()).select("file_sha256").unique()
            at = number_contents(self._contents["file_sha256"], rows["file_sha256"])
            at = at[at >= 0]
            owners[at] = np.minimum(owners[at], place)
        return owners

    def _of_classes(self, pairs: pl.DataFrame, owners: Owners) -> pl.DataFrame:
        """Pairs that stand for two classes, with their `owner`: who has a new content of one of these."""
        index = self._hashes.index
        first = np.full(len(index.classes), NOBODY, np.int32)
        np.minimum.at(first, index.class_of, owners)
        return self._with_owner(
            pairs, *(first[np.searchsorted(index.classes.names, pairs[side])] for side in CLASS_KEY)
        )

    def _of_contents(self, pairs: pl.DataFrame, owners: Owners) -> pl.DataFrame:
        """Pairs of contents, with their `owner`: who has one of these as a new one."""
        return self._with_owner(
            pairs, *(owners[number_contents(self._contents["file_sha256"], pairs[side])] for side in PAIR_KEY)
        )

    def _with_owner(self, pairs: pl.DataFrame, left: Owners, right: Owners) -> pl.DataFrame:
        keys = pl.Series(list(self._inputs), dtype=pl.String)
        return pairs.with_columns(owner=keys.gather(np.minimum(left, right)))

    def _known(self, found: pl.DataFrame) -> pl.DataFrame:
        """The pairs, and their classes, that stand somewhere and stay, of those found or of their classes."""
        links = pl.concat([found.select(CLASS_KEY), found.select(left_class="right_class", right_class="left_class")])
        known = [found.head(0)]
        for key in self._tables.partitions(WAVELET_GROUPS):
            rows = self._tables.read_parts(WAVELET_GROUPS, key, self._parts_that_stay(key), KEYS)
            known.append(rows.join(found, on=PAIR_KEY, how="semi"))
            known.append(rows.join(links, on=CLASS_KEY, how="semi"))
        return pl.concat(known)

    def _parts_that_stay(self, key: str) -> Sequence[Part]:
        commit = self._tables.commit_of(WAVELET_GROUPS, key)
        return commit.parts if key not in self._inputs or self._searched_parts(commit) else ()

    def _searched_parts(self, commit: Commit) -> Collection[str]:
        details = commit.details
        return details.get("searched_parts", ()) if details.get("search") == self._version else ()

    def _unsearched_parts(self, key: str) -> Sequence[Part]:
        searched = set(self._searched_parts(self._tables.commit_of(WAVELET_GROUPS, key)))
        return [part for part in self._inputs[key][0].parts if part.name not in searched]

    def _unparsed_parts(self, key: str) -> Sequence[Part]:
        """The new parts; all of them where another parser may have found recipes in files that are known."""
        details = self._tables.commit_of(WAVELET_GROUPS, key).details
        is_parsed = details.get("parser_versions") == self._parser_versions(self._inputs[key][1])
        return self._unsearched_parts(key) if is_parsed else self._inputs[key][0].parts

    def _with_classes(self, pairs: pl.DataFrame) -> pl.DataFrame:
        index = self._hashes.index
        for side in ("left", "right"):
            rows = number_contents(self._contents["file_sha256"], pairs[f"{side}_sha256"])
            names = index.classes.names[index.class_of[rows]]
            pairs = pairs.with_columns(pl.Series(f"{side}_class", names, dtype=pl.Int64))
        return pairs

    def _parser_versions(self, recipes: Commit) -> list[str]:
        """Which parsers read the recipes of a partition."""
        rows = self._tables.read_parts(METADATA_HASHES, recipes.partition, recipes.parts, ["parser_version"])
        return sorted(rows["parser_version"].unique())


def _not_linked(pairs: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """The pairs of which no pair of the same two classes is among `linked`."""
    classes = linked.select(CLASS_KEY)
    both = pl.concat([classes, classes.select(left_class="right_class", right_class="left_class")])
    return pairs.join(both, on=CLASS_KEY, how="anti", maintain_order="left")
