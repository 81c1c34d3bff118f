"""From verified pairs to groups: stars around the kept image, named, ranked and explained.

Belongs here: bringing images, pairs and keep rules together, for `representatives` (exact, generation, near) and once more
for `dedup_report` (copies too). Does not belong here: the algorithms (`kernels/grouping.py`, `kernels/keeping.py`), storage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from dedup_assets.crowds import with_crowds
from dedup_assets.decided import Decided
from dedup_assets.keep_inputs import deviations_of, keep_columns
from dedup_assets.kernels.decided_groups import form_decided_stars
from dedup_assets.kernels.grouping import find_components, form_stars_with, name_groups
from dedup_assets.kernels.keeping import KEEP_RULES, Ranking, explain_choice, rank_images
from dedup_assets.stage import Policy
from dedup_assets.stars import StarVerifier
from dedup_assets.verdicts import tell_kept, tell_vouched

NOTHING_DECIDED = Decided()
PAIR_KEY = ("left_sha256", "right_sha256")


class KeepPolicy(Policy):
    """Which image of a group is kept."""

    keep_rule: list[str] = Field(
        default=list(KEEP_RULES),
        min_length=1,
        description="Rules in order: the first that tells two images apart decides, ties are broken by path",
    )
    prefer_prefixes: list[str] = Field(default=[], description="Prefixes for the rule prefer_prefix, the dearest first")


@dataclass(frozen=True)
class ContentGraph:
    """Distinct contents as nodes 0..n-1, in the order of their SHA-256, and verified pairs as edges."""

    contents: pl.Series
    node_of_image: NDArray[np.int64]
    edges: NDArray[np.int64]

    @classmethod
    def build(cls, images: pl.DataFrame, passed: pl.DataFrame) -> "ContentGraph":
        """Nodes are the contents of `images`; edges the pairs of which both ends are among them."""
        contents = images["file_sha256"].unique().sort()
        nodes = pl.DataFrame({"file_sha256": contents}).with_row_index("node")
        node_of_image = images.select("file_sha256").join(nodes, on="file_sha256", how="left", maintain_order="left")[
            "node"
        ]
        ends = passed.select(PAIR_KEY)
        for side in PAIR_KEY:
            ends = ends.join(
                nodes.select(pl.col("node").alias(f"{side}_node"), pl.col("file_sha256").alias(side)), on=side
            )
        edges = ends.select(f"{side}_node" for side in PAIR_KEY).to_numpy().astype(np.int64).reshape(-1, 2)
        return cls(contents, node_of_image.to_numpy().astype(np.int64), edges)

    @property
    def component_of_image(self) -> NDArray[np.int64]:
        """Label of the connected component of each image; images are ranked against those of their own."""
        return find_components(len(self.contents), self.edges)[self.node_of_image]


def rank_contents(graph: ContentGraph, place: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of contents, each placed by its best image: a permutation of 0..n-1, 0 is kept first."""
    best = np.full(len(graph.contents), len(place), np.int64)
    np.minimum.at(best, graph.node_of_image, place)
    rank = np.empty(len(best), np.int64)
    rank[np.argsort(best, kind="stable")] = np.arange(len(best))
    return rank


def group_images(
    images: pl.DataFrame,
    pairs: pl.DataFrame,
    policy: KeepPolicy,
    stars: StarVerifier,
    first: pl.Series | None = None,
    decided: Decided = NOTHING_DECIDED,
) -> pl.DataFrame:
    """Group `images` (see `collected_images`) by the pairs that passed; returns the columns of `representatives` and `partition`.

    `pairs` (left_sha256, right_sha256, verdict, level, decided_by) are verdicts on what searches proposed and people
    decided; `stars` knows these, and judges other pairs of contents. Contents in `first` become centres before any
    other, and before them those that people want to keep.
    """
    graph = ContentGraph.build(images, with_crowds(pairs.filter("verdict"), stars))
    component = graph.component_of_image
    columns = {**keep_columns(images), "deviation": deviations_of(images, component)}
    ranking = rank_images(columns, component, policy.keep_rule, policy.prefer_prefixes)
    grouped = form_groups(images, graph, ranking, decided, first, stars)
    judged = [verdicts.filter("verdict").select(pairs.columns) for verdicts in (stars.known, stars.asked)]
    described = describe_members(images, grouped, pl.concat(judged))
    rows = pl.concat([images.select("image_id", "file_sha256", "partition"), grouped, described], how="horizontal")
    rows = tell_vouched(rows, decided)
    return rows.with_columns(
        is_representative=pl.col("image_id") == pl.col("representative_id"),
        quality_score=quality_scores(images),
        kept_because=tell_kept(rows, explain_groups(rows, columns, ranking), decided),
    )


def form_groups(
    images: pl.DataFrame,
    graph: ContentGraph,
    ranking: Ranking,
    decided: Decided,
    first: pl.Series | None,
    verify: StarVerifier,
) -> pl.DataFrame:
    """Columns group_id, group_size, representative_row, keep_rank of each image, in the order of `images`.

    Contents that people want to keep become centres first, then those in `first`. `verify` judges pairs of contents that
    no search has proposed.
    """
    keep_rank = rank_contents(graph, ranking.rank)
    content_rank = np.argsort(np.lexsort((keep_rank, decided.tiers(graph.contents, first))), kind="stable")
    bonds = decided.bonds_of(graph.contents)
    centre_of_node = (
        form_stars_with(content_rank, graph.edges, verify, tell_left_out=verify.tell_left_out)
        if bonds is None
        else form_decided_stars(content_rank, keep_rank, graph.edges, verify, bonds, verify.tell_left_out)
    )
    centre_node = centre_of_node[graph.node_of_image]
    best_row = np.full(len(graph.contents), -1, np.int64)
    best_row[graph.node_of_image[ranking.order[::-1]]] = ranking.order[::-1]
    centre_row = best_row[centre_node]
    names = name_groups(
        centre_row,
        images["created_at"].dt.epoch("us").to_numpy(),
        images["image_id"].to_numpy(),
        images["path"].to_list(),
    )
    grouped = pl.DataFrame({"group_id": names, "representative_row": centre_row, "place": ranking.rank}).with_columns(
        kept=pl.col("representative_row") == pl.int_range(pl.len())
    )
    return grouped.with_columns(
        group_size=pl.len().over("group_id").cast(pl.Int32),
        keep_rank=pl.struct(~pl.col("kept"), "place").rank("ordinal").over("group_id").cast(pl.Int64) - 1,
    ).drop("place", "kept")


def describe_members(images: pl.DataFrame, grouped: pl.DataFrame, passed: pl.DataFrame) -> pl.DataFrame:
    """Columns representative_id, representative_sha256, level and decided_by of each image, in the order of `images`."""
    kept = images.select(representative_id="image_id", representative_sha256="file_sha256")[
        grouped["representative_row"]
    ]
    members = pl.concat([images.select("image_id", "file_sha256"), kept], how="horizontal")
    directed = pl.concat(
        [
            passed.select(
                file_sha256=one, representative_sha256=other, pair_level="level", pair_decided_by="decided_by"
            )
            for one, other in (PAIR_KEY, PAIR_KEY[::-1])
        ]
    ).unique(["file_sha256", "representative_sha256"], keep="first", maintain_order=True)
    found = members.join(directed, on=["file_sha256", "representative_sha256"], how="left", maintain_order="left")
    itself = pl.col("image_id") == pl.col("representative_id")
    same = pl.col("file_sha256") == pl.col("representative_sha256")
    return found.select(
        "representative_id",
        "representative_sha256",
        level=pl.when(itself).then(None).when(same).then(pl.lit("exact")).otherwise(pl.col("pair_level")),
        decided_by=pl.when(itself)
        .then(None)
        .when(same)
        .then(pl.lit("file_sha256"))
        .otherwise(pl.col("pair_decided_by")),
    )


def explain_groups(rows: pl.DataFrame, columns: Mapping[str, NDArray[Any]], ranking: Ranking) -> pl.Series:
    """Why each group keeps the image that it keeps, in words, on every row of the group."""
    ranked = rows.select("group_id", "keep_rank").with_row_index("row")
    first, second = (ranked.filter(pl.col("keep_rank") == place).select("group_id", "row") for place in (0, 1))
    rivals = first.join(second, on="group_id", maintain_order="left", suffix="_next")
    words = [
        explain_choice(columns, ranking, kept, beaten) for kept, beaten in rivals.select("row", "row_next").iter_rows()
    ]
    told = rivals.select("group_id", words=pl.Series(words, dtype=pl.String))
    alone = explain_choice(columns, ranking, 0, None)
    return (
        rows.select("group_id").join(told, on="group_id", how="left", maintain_order="left")["words"].fill_null(alone)
    )


def quality_scores(images: pl.DataFrame) -> pl.Series:
    """Real megapixels times the share of quality that compression left (1 where nothing shows)."""
    inside = (
        pl.col("inner_box").list.get(2, null_on_oob=True) * pl.col("inner_box").list.get(3, null_on_oob=True)
    ).fill_null(1.0)
    compression = pl.min_horizontal("jpeg_quality", "prior_jpeg_quality").fill_null(100) / 100
    return images.select(
        (pl.col("width_px") * pl.col("height_px").cast(pl.Float64) * inside * compression / 1e6).round(6)
    ).to_series()
