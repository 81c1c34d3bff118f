"""`wavelet_groups`: who might be a duplicate of whom, by hashes and by recipe.

Belongs here: which contents are new to the search, and the candidate pairs that this partition owns.
Does not belong here: the search itself (`kernels/candidates.py`), or any verdict (`verified_groups`).

A partition compares its new contents with those of every partition. It reads the others only after its own features are
visible, so of two partitions at work at once the later one sees the earlier, and each pair is found at least once.
"""

from functools import partial

import dagster as dg
import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from dedup_assets.contents import order_pair_ends, read_contents, readable
from dedup_assets.kernels.candidates import CandidateLimits, CandidatePairs, HashedContents, find_candidate_pairs
from dedup_assets.kernels.hashing import HASH_BYTES, TRANSFORMS
from dedup_assets.kernels.quality import is_low_information
from dedup_assets.report.plots import distance_histogram
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.table_commits import Part
from dedup_assets.stage import PartitionWork, Policy, Stage, table_asset
from dedup_assets.tables import IMAGE_FEATURES, METADATA_HASHES, WAVELET_GROUPS

HASH_COLUMNS = ("dct_hash", "wavelet_hash", "inner_dct_hash", "inner_wavelet_hash", "contrast", "detail")
QUERIES_AT_ONCE = 1_000

MAX_CONTENTS_A_RECIPE = 100
"""A recipe of more contents (one seed over many source images) proposes no pairs: their number would be its square. The
hashes still find those that look alike; how many recipes were left to them stands on the materialization."""


class CandidatePolicy(Policy):
    """How near two hashes must be for a pair to be looked at."""

    max_dct_distance: int = Field(
        default=40,
        ge=0,
        le=80,
        description="Bits of 256: unrelated photographs keep 94 apart, light edits stay within 40; embeddings find the rest",
    )
    max_turned_dct_distance: int = Field(
        default=32,
        ge=0,
        le=80,
        description="The same for turned and mirrored pictures, whose hash is within 20 bits of the turned hash for 99 of 100",
    )
    max_wavelet_distance: int = Field(
        default=96, ge=0, le=256, description="Bits of 256: weaker evidence than the DCT hash, it drops chance pairs"
    )
    max_pairs_per_image: float = Field(
        default=200.0, gt=0, description="The check warns above this many candidate pairs an image"
    )


@table_asset(WAVELET_GROUPS, {"numpy"}, "1", reads_all=[IMAGE_FEATURES, METADATA_HASHES])
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
                "crowded_recipes": index.crowded_recipes if index else 0,
            }
            work.preview = stage.tables.read(WAVELET_GROUPS, key).select(
                "left_id", "right_id", "dct_distance", "transform"
            )
            work.picture = partial(_histogram, stage, key, candidate_policy)


class _Index:
    """All contents and their hashes, read once a run, after the features of all its partitions are visible."""

    def __init__(self, stage: Stage, policy: CandidatePolicy) -> None:
        self.policy = policy
        self.contents = read_contents(stage.tables, HASH_COLUMNS)
        self.hashes = _hashed(self.contents)
        recipes = (
            stage.tables.read_many(METADATA_HASHES, columns=["file_sha256", "metadata_hash"]).drop_nulls().unique()
        )
        rare = recipes.filter(pl.len().over("metadata_hash") <= MAX_CONTENTS_A_RECIPE)
        self.crowded_recipes = recipes["metadata_hash"].n_unique() - rare["metadata_hash"].n_unique()
        self.recipe_of = recipes
        self.recipes = self.contents.select("image_id", "file_sha256").join(rare, on="file_sha256")
        self.size = self.contents.height

    def candidates_of(self, queries: pl.DataFrame) -> pl.DataFrame:
        """Candidate pairs between some contents and all, ends in order, each once."""
        by_hash = [self._by_hash(chunk) for chunk in queries.iter_slices(QUERIES_AT_ONCE)]
        return pl.concat([WAVELET_GROUPS.empty(), *by_hash, self._by_recipe(queries)]).unique(
            WAVELET_GROUPS.key, keep="first", maintain_order=True
        )

    def _by_hash(self, queries: pl.DataFrame) -> pl.DataFrame:
        policy = self.policy
        limits = CandidateLimits(policy.max_dct_distance, policy.max_turned_dct_distance, policy.max_wavelet_distance)
        pairs = find_candidate_pairs(_hashed(queries), self.hashes, limits)
        return self._rows(queries, pairs)

    def _rows(self, queries: pl.DataFrame, pairs: CandidatePairs) -> pl.DataFrame:
        left = queries.select(left_id="image_id", left_sha256="file_sha256")[pairs.query]
        right = self.contents.select(right_id="image_id", right_sha256="file_sha256")[pairs.other]
        return self._complete(
            pl.concat([left, right], how="horizontal").with_columns(
                dct_distance=pl.Series(pairs.dct_distance, dtype=pl.Int32),
                wavelet_distance=pl.Series(pairs.wavelet_distance, dtype=pl.Int32),
                transform=pl.Series([TRANSFORMS[number] for number in pairs.transform], dtype=pl.String),
            )
        )

    def _by_recipe(self, queries: pl.DataFrame) -> pl.DataFrame:
        left = self.recipes.join(queries, on="file_sha256", how="semi").select(
            left_id="image_id", left_sha256="file_sha256", metadata_hash="metadata_hash"
        )
        right = self.recipes.select(right_id="image_id", right_sha256="file_sha256", metadata_hash="metadata_hash")
        pairs = left.join(right, on="metadata_hash").drop("metadata_hash")
        return self._complete(
            pairs.with_columns(
                dct_distance=pl.lit(None, pl.Int32),
                wavelet_distance=pl.lit(None, pl.Int32),
                transform=pl.lit("unknown"),
            )
        )

    def _complete(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Order the ends, drop pairs of a content with itself, and say which pairs share a recipe."""
        ordered = order_pair_ends(pairs.filter(pl.col("left_sha256") != pl.col("right_sha256"))).unique(
            WAVELET_GROUPS.key, keep="first", maintain_order=True
        )
        recipe = self.recipe_of
        left = ordered.join(recipe, left_on="left_sha256", right_on="file_sha256", how="left", maintain_order="left")[
            "metadata_hash"
        ]
        right = ordered.join(recipe, left_on="right_sha256", right_on="file_sha256", how="left", maintain_order="left")[
            "metadata_hash"
        ]
        same = (left == right).fill_null(False)
        return ordered.with_columns(same_recipe=same).select(WAVELET_GROUPS.column_names)


def _search(stage: Stage, work: PartitionWork, index: _Index) -> None:
    features = stage.tables.commit_of(IMAGE_FEATURES, work.key)
    searched = set(work.commit.details.get("searched_parts", ())) if _same_policy(work, stage) else set()
    queries = _new_contents(stage, work.key, [part for part in features.parts if part.name not in searched], index)
    before = stage.tables.read(WAVELET_GROUPS, work.key) if searched else WAVELET_GROUPS.empty()
    pairs = _drop_owned_by_others(stage, work.key, index.candidates_of(queries))
    every = pl.concat([before, pairs]).unique(WAVELET_GROUPS.key, keep="first", maintain_order=True)
    details = {"searched_parts": features.part_names, "policy": index.policy.version}
    work.commit = stage.tables.rewrite(
        WAVELET_GROUPS, work.key, every.sort(WAVELET_GROUPS.key), work.fingerprint, details
    )


def _same_policy(work: PartitionWork, stage: Stage) -> bool:
    return bool(work.commit.details.get("policy") == stage.policies[0].version)


def _new_contents(stage: Stage, key: str, parts: list[Part], index: _Index) -> pl.DataFrame:
    new = readable(stage.tables, key, parts, ()).select("file_sha256").unique()
    return index.contents.join(new, on="file_sha256", how="semi", maintain_order="left")


def _drop_owned_by_others(stage: Stage, key: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """Leave out pairs that another partition has found already: each pair is verified by one owner."""
    others = [name for name in stage.tables.partitions(WAVELET_GROUPS) if name != key]
    known = stage.tables.read_many(WAVELET_GROUPS, others, WAVELET_GROUPS.key)
    return pairs.join(known, on=WAVELET_GROUPS.key, how="anti", maintain_order="left")


def _hashed(contents: pl.DataFrame) -> HashedContents:
    low = is_low_information(contents["contrast"].to_numpy(), contents["detail"].to_numpy())
    codes = {name: _codes(contents[f"{name}_hash"]) for name in ("dct", "wavelet", "inner_dct", "inner_wavelet")}
    has_inner = contents["inner_dct_hash"].is_not_null().to_numpy()
    return HashedContents(**codes, has_inner=has_inner, low_information=low)


def _codes(hashes: pl.Series) -> NDArray[np.uint8]:
    joined = b"".join(hashes.fill_null(bytes(HASH_BYTES)))
    return np.frombuffer(joined, np.uint8).reshape(-1, HASH_BYTES)


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
