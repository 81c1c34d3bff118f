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

from dedup_assets.collected_images import gray_matrix
from dedup_assets.kernels.consensus import measure_deviation
from dedup_assets.kernels.grouping import Verify, find_components, form_stars_with, name_groups
from dedup_assets.kernels.keeping import KEEP_RULES, Ranking, explain_choice, rank_images
from dedup_assets.stage import Policy
from dedup_assets.stars import StarVerifier

PAIR_KEY = ("left_sha256", "right_sha256")
NUMBERS = (
    "width_px", "height_px", "size_bytes", "jpeg_quality", "prior_jpeg_quality", "bits_per_pixel", "blockiness", "sharpness",
    "upscale_score", "colourfulness",
)  # fmt: skip


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
    images: pl.DataFrame, pairs: pl.DataFrame, policy: KeepPolicy, stars: StarVerifier, first: pl.Series | None = None
) -> pl.DataFrame:
    """Group `images` (see `collected_images`) by the pairs that passed; returns the columns of `representatives` and `partition`.

    `pairs` (left_sha256, right_sha256, verdict, level, decided_by) are all known verdicts; `stars` judges pairs of contents
    that no search proposed. Contents in `first` become centres before any other.
    """
    passed = pairs.filter("verdict")
    graph = ContentGraph.build(images, passed)
    component = graph.component_of_image
    columns = {**keep_columns(images), "deviation": measure_deviation(gray_matrix(images), component)}
    ranking = rank_images(columns, component, policy.keep_rule, policy.prefer_prefixes)
    front = None if first is None else graph.contents.is_in(first.implode()).to_numpy()
    grouped = form_groups(images, graph, ranking, front, stars)
    asked = stars.asked.filter("verdict").select(passed.columns)
    described = describe_members(images, grouped, pl.concat([passed, asked]))
    rows = pl.concat([images.select("image_id", "file_sha256", "partition"), grouped, described], how="horizontal")
    return rows.with_columns(
        is_representative=pl.col("image_id") == pl.col("representative_id"),
        quality_score=quality_scores(images),
        kept_because=explain_groups(rows, columns, ranking),
    )


def keep_columns(images: pl.DataFrame) -> dict[str, NDArray[Any]]:
    """The columns of images as the keep rules take them; NaN where a value is not known."""
    box = images["inner_box"]
    numbers = {name: images[name] for name in NUMBERS} | {
        "inner_width": box.list.get(2, null_on_oob=True).fill_null(1.0),
        "inner_height": box.list.get(3, null_on_oob=True).fill_null(1.0),
    }
    return {name: values.cast(pl.Float64).fill_null(np.nan).to_numpy() for name, values in numbers.items()} | {
        "path": images["path"].to_numpy(),
        "image_format": images["image_format"].fill_null("").to_numpy(),
        "has_metadata": images["has_metadata"].to_numpy(),
        "modified_at": images["created_at"].dt.epoch("us").to_numpy(),
    }


def form_groups(
    images: pl.DataFrame, graph: ContentGraph, ranking: Ranking, first: NDArray[np.bool_] | None, verify: Verify
) -> pl.DataFrame:
    """Columns group_id, group_size, representative_row, keep_rank of each image, in the order of `images`.

    `first` (n,) marks contents that become centres before any other; None: none. `verify` judges pairs of contents that
    no search has proposed.
    """
    content_rank = rank_contents(graph, ranking.rank)
    if first is not None:
        content_rank = np.argsort(
            np.argsort(np.where(first, 0, len(first)) + content_rank, kind="stable"), kind="stable"
        )
    centre_node = form_stars_with(content_rank, graph.edges, verify)[graph.node_of_image]
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
    ordered = rows.with_row_index("row").sort("group_id", "keep_rank").group_by("group_id", maintain_order=True)
    words = ordered.agg(
        pl.col("row").first().alias("kept"), pl.col("row").get(1, null_on_oob=True).alias("next")
    ).with_columns(
        pl.struct("kept", "next")
        .map_elements(lambda pair: explain_choice(columns, ranking, pair["kept"], pair["next"]), pl.String)
        .alias("words")
    )
    return rows.select("group_id").join(words, on="group_id", how="left", maintain_order="left")["words"]


def quality_scores(images: pl.DataFrame) -> pl.Series:
    """Real megapixels times the share of quality that compression left (1 where nothing shows)."""
    inside = (
        pl.col("inner_box").list.get(2, null_on_oob=True) * pl.col("inner_box").list.get(3, null_on_oob=True)
    ).fill_null(1.0)
    compression = pl.min_horizontal("jpeg_quality", "prior_jpeg_quality").fill_null(100) / 100
    return images.select(
        (pl.col("width_px") * pl.col("height_px").cast(pl.Float64) * inside * compression / 1e6).round(6)
    ).to_series()
