"""`wavelet_groups`: who might be a duplicate of whom, by hashes and by recipe.

Belongs here: which contents are new to the search, and the candidate pairs that this partition owns.
Does not belong here: the search itself (`kernels/candidates/near_contents.py`), or any verdict (`verified_groups`).

A partition compares its new contents with those of every partition. It reads the others only after its own features are
visible, so of two partitions at work at once the later one sees the earlier, and each pair is found at least once.
"""

from collections.abc import Sequence
from functools import partial

import dagster as dg
import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.policies import CandidatePolicy
from dedup_assets.report.plots import distance_histogram
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.commits import Part
from dedup_assets.stages.pairs.candidate_index import CandidateIndex
from dedup_assets.stages.pairs.contents import readable
from dedup_assets.stages.pairs.hashed_contents import read_class_index
from dedup_assets.stages.pairs.recipe_pairs import RecipeIndex
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import IMAGE_FEATURES, METADATA_HASHES, WAVELET_GROUPS

CLASS_KEY = ("left_class", "right_class")


@table_asset(WAVELET_GROUPS, {"numpy"}, "2", reads_all=[IMAGE_FEATURES, METADATA_HASHES])
def wavelet_groups(
    context: dg.AssetExecutionContext,
    collection: Collection,
    candidate_policy: CandidatePolicy,
    progress: ProgressReporter,
) -> None:
    """Search all partitions for the contents that are new in this one."""
    stage = Stage(context, WAVELET_GROUPS, collection.tables(), candidate_policy, source=IMAGE_FEATURES)
    index: _Index | None = None
    for key in stage.keys:
        inputs = [stage.tables.commit_of(table, key).digest for table in (IMAGE_FEATURES, METADATA_HASHES)]
        with stage.partition(key, stage.fingerprint(*inputs)) as work:
            if not work.is_current:
                index = index or _Index(stage, candidate_policy)
                with progress.track(
                    stage.log, f"{WAVELET_GROUPS.name} [{key}]", index.size, "contents searched"
                ) as tracker:
                    _search(stage, work, index)
                    tracker.advance(index.size)
            work.counts = {
                "candidate_pairs": work.commit.rows,
                "crowded_recipes": index.recipes.crowded if index else 0,
                "crowded_contents": int(work.commit.details.get("crowded_contents", 0)),
            }
            work.preview = stage.tables.read(WAVELET_GROUPS, key).select(
                "left_id", "right_id", "dct_distance", "transform"
            )
            work.picture = partial(_histogram, stage, key, candidate_policy)


class _Index:
    """All contents and their hashes, read once a run, after the features of all its partitions are visible."""

    def __init__(self, stage: Stage, policy: CandidatePolicy) -> None:
        self.hashes = CandidateIndex(read_class_index(stage.tables), policy.limits())
        self.contents = self.hashes.index.contents
        self.recipes = RecipeIndex(stage.tables, self.contents)
        self.size = self.contents.height

    def candidates_of(self, queries: NDArray[np.int64], parsed: NDArray[np.int64]) -> tuple[pl.DataFrame, int]:
        """Candidate pairs of `queries` by hash and of `parsed` by recipe with all; and how many contents are crowded.

        The ends of a pair are in order, and each pair stands there once.
        """
        by_hash = self.hashes.candidates_of(queries)
        by_recipe = self.recipes.candidates_of(self.contents[parsed]).with_columns(
            transform=pl.lit("unknown"), stands_for_more=pl.lit(False)
        )
        every = pl.concat([by_hash.pairs, by_recipe], how="diagonal").unique(
            WAVELET_GROUPS.key, keep="first", maintain_order=True
        )
        return self.recipes.tell_same(every).select(WAVELET_GROUPS.column_names), by_hash.crowded


def _search(stage: Stage, work: PartitionWork, index: _Index) -> None:
    features = stage.tables.commit_of(IMAGE_FEATURES, work.key)
    searched = set(work.commit.details.get("searched_parts", ())) if _same_search(work, stage) else set()
    queries = _contents_of(stage, work.key, [part for part in features.parts if part.name not in searched], index)
    before = stage.tables.read(WAVELET_GROUPS, work.key) if searched else WAVELET_GROUPS.empty()
    parsers, parsed = _parser_versions(stage, work.key), queries
    if work.commit.details.get("parser_versions") != parsers:
        before, parsed = index.recipes.tell_same(before), _contents_of(stage, work.key, features.parts, index)
    found, crowded = index.candidates_of(queries, parsed)
    pairs = _drop_known(stage, work.key, before, found)
    every = pl.concat([before, pairs]).unique(WAVELET_GROUPS.key, keep="first", maintain_order=True)
    details = {
        "searched_parts": features.part_names,
        "search": _search_version(stage),
        "parser_versions": parsers,
        "crowded_contents": crowded + (int(work.commit.details.get("crowded_contents", 0)) if searched else 0),
    }
    work.commit = stage.tables.rewrite(
        WAVELET_GROUPS, work.key, every.sort(WAVELET_GROUPS.key), work.fingerprint, details
    )


def _search_version(stage: Stage) -> str:
    """What the pairs of a partition were searched with: another policy or code searches all of its contents again."""
    return stage.fingerprint()


def _same_search(work: PartitionWork, stage: Stage) -> bool:
    return bool(work.commit.details.get("search") == _search_version(stage))


def _parser_versions(stage: Stage, key: str) -> list[str]:
    """Which parsers read the recipes of a partition: another one may have found some in files that are known."""
    return sorted(stage.tables.read(METADATA_HASHES, key, ["parser_version"])["parser_version"].unique())


def _contents_of(stage: Stage, key: str, parts: Sequence[Part], index: _Index) -> NDArray[np.int64]:
    """Rows of the index of the contents of some parts."""
    new = readable(stage.tables, key, parts, ()).select("file_sha256").unique()
    return (
        index.contents.with_row_index("row")
        .join(new, on="file_sha256", how="semi", maintain_order="left")["row"]
        .to_numpy()
        .astype(np.int64)
    )


def _drop_known(stage: Stage, key: str, before: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Leave out pairs that another partition has found already: each pair is verified by one owner.

    One pair for all of two classes is left out where any pair of these is known.
    """
    others = [name for name in stage.tables.partitions(WAVELET_GROUPS) if name != key]
    columns = [*WAVELET_GROUPS.key, *CLASS_KEY]
    known = stage.tables.read_many(WAVELET_GROUPS, others, columns)
    classes = pl.concat([known.select(CLASS_KEY), before.select(CLASS_KEY)]).drop_nulls().unique()
    both = pl.concat([classes, classes.select(left_class="right_class", right_class="left_class")])
    listed = pairs.filter(~pl.col("stands_for_more"))
    standing = pairs.filter("stands_for_more").join(both, on=CLASS_KEY, how="anti", maintain_order="left")
    return pl.concat([listed, standing]).join(known, on=WAVELET_GROUPS.key, how="anti", maintain_order="left")


def _histogram(stage: Stage, key: str, policy: CandidatePolicy) -> bytes | None:
    distances = stage.tables.read(WAVELET_GROUPS, key, ["dct_distance"])["dct_distance"].drop_nulls()
    if distances.is_empty():
        return None
    return distance_histogram(
        distances.to_numpy(), policy.max_dct_distance, "DCT hash distance of candidate pairs", "bits of 256"
    )


@dg.asset_check(asset=wavelet_groups, description="There are few enough candidate pairs to look at each of them.")
def candidate_pairs_stay_few(collection: Collection, candidate_policy: CandidatePolicy) -> dg.AssetCheckResult:
    """Compare candidate pairs an image with the policy: a rise means that hashes have lost their meaning here."""
    tables = collection.tables()
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
