"""From verified pairs to groups: stars around the kept image, named, ranked and explained.

Belongs here: bringing images, pairs and keep rules together, for `representatives` (exact, generation, near) and once more
for `dedup_report` (copies too). Does not belong here: the algorithms (`kernels/group/stars.py`, `kernels/keep/ranking.py`),
storage.
"""

from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from dedup_assets.kernels.group.bonds import form_decided_stars
from dedup_assets.kernels.group.stars import find_namesakes, form_stars
from dedup_assets.kernels.keep.ranking import Ranking
from dedup_assets.kernels.keep.within import count_within, least_within, place_within
from dedup_assets.policies import KeepPolicy
from dedup_assets.stages.grouping.applied_decisions import Decided
from dedup_assets.stages.grouping.collected_images import CollectedImages
from dedup_assets.stages.grouping.content_graph import ContentGraph, find_pairs, rank_contents
from dedup_assets.stages.grouping.crowd_verdicts import Crowds
from dedup_assets.stages.grouping.keep_inputs import explain_kept, path_places, rank_collected
from dedup_assets.stages.grouping.star_verifier import StarVerifier
from dedup_assets.stages.grouping.verdicts import tell_apart, tell_kept, tell_vouched

NOTHING_DECIDED = Decided()

MAX_ROUNDS = 3
"""How often images are ranked and asked about each other: two rounds settle whom the first connected with too many."""


def group_images(
    images: CollectedImages,
    pairs: pl.DataFrame,
    policy: KeepPolicy,
    stars: StarVerifier,
    first: pl.Series | None = None,
    decided: Decided = NOTHING_DECIDED,
) -> pl.DataFrame:
    """Group images by the pairs that passed; returns the columns of `representatives` and `partition`.

    `pairs` (left_sha256, right_sha256, verdict, level, decided_by) are verdicts on what searches proposed and people
    decided; `stars` knows these, and judges other pairs of contents. Contents in `first` become centres before any
    other, and before them those that people want to keep.
    """
    tiers = decided.tiers(stars.contents, first)
    graph, ranking = _ask_until_settled(images, Crowds(pairs.filter("verdict"), stars), policy, stars, tiers)
    grouped = form_groups(images, graph, ranking, decided, tiers, stars)
    judged = [verdicts.filter("verdict").select(pairs.columns) for verdicts in (stars.known, stars.asked)]
    described = describe_members(images, graph, grouped, pl.concat(judged))
    rows = pl.concat([images.select("image_id", "file_sha256", "partition"), grouped, described], how="horizontal")
    words = explain_kept(images, ranking, grouped["representative_row"].to_numpy(), grouped["keep_rank"].to_numpy())
    words = tell_apart(rows.with_columns(images["path"]), words, decided)
    rows = tell_vouched(rows, decided)
    return rows.with_columns(
        is_representative=pl.col("image_id") == pl.col("representative_id"),
        quality_score=quality_scores(images),
        kept_because=tell_kept(rows, words, decided),
    )


def _ask_until_settled(
    images: CollectedImages, crowds: Crowds, policy: KeepPolicy, stars: StarVerifier, tiers: NDArray[np.int64]
) -> tuple[ContentGraph, Ranking]:
    """The pairs that groups are formed from, and the ranks of images by which these were asked about.

    First images are ranked among all that are near by hash, then among those that the pairs which passed connect: where that
    makes another the best, it has questions of its own. Of two components the one whose best came first in the first ranking
    comes first: ranks tell who is better within each.
    """
    proposed, before = ContentGraph.build(images, crowds.proposed), crowds.neighbourhoods
    graph = proposed
    first: NDArray[np.int64] | None = None
    for _ in range(MAX_ROUNDS):
        component = before[graph.node_of_image]
        ranking = rank_collected(images, component, policy.keep_rule, policy.prefer_prefixes, stars.tables)
        rank = rank_contents(graph, ranking.rank)
        first = rank if first is None else first
        order = np.lexsort((rank, least_within(first.astype(np.float64), before), tiers))
        asked = crowds.ask(np.argsort(order, kind="stable"))
        graph = replace(proposed, edges=np.concatenate([proposed.edges, asked]))
        components, before = before, graph.components
        if (components == before).all():
            break
    return graph, ranking


def _centres_first(keep_rank: NDArray[np.int64], tiers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each content: by tier, then by rank."""
    return np.argsort(np.lexsort((keep_rank, tiers)), kind="stable")


def form_groups(
    images: CollectedImages,
    graph: ContentGraph,
    ranking: Ranking,
    decided: Decided,
    tiers: NDArray[np.int64],
    verify: StarVerifier,
) -> pl.DataFrame:
    """Columns group_id, group_size, representative_row, keep_rank of each image, in the order of `images`.

    Contents of a lower tier become centres before others. `verify` judges pairs of contents that no search has proposed.
    """
    keep_rank = rank_contents(graph, ranking.rank)
    content_rank = _centres_first(keep_rank, tiers)
    bonds = decided.bonds_of(graph.contents)
    centre_of_node = (
        form_stars(content_rank, graph.edges, verify, tell_left_out=verify.tell_left_out)
        if bonds is None
        else form_decided_stars(content_rank, keep_rank, graph.edges, verify, bonds, verify.tell_left_out)
    )
    centre_node = centre_of_node[graph.node_of_image]
    best_row = np.full(len(graph.contents), -1, np.int64)
    best_row[graph.node_of_image[ranking.order[::-1]]] = ranking.order[::-1]
    centre_row = best_row[centre_node]
    namesakes = find_namesakes(centre_row, images["created_at"].dt.epoch("us").to_numpy(), path_places(images))
    return pl.DataFrame(
        {
            "group_id": _group_ids(images["image_id"].to_numpy()[namesakes]),
            "representative_row": centre_row,
            "group_size": count_within(centre_row).astype(np.int32),
            "keep_rank": place_within(np.where(centre_row == np.arange(len(centre_row)), -1, ranking.rank), centre_row),
        }
    )


def _group_ids(image_ids: NDArray[np.int64]) -> pl.Series:
    """The names of groups: "g" and 16 hex digits of the image_id of their namesake."""
    data = pa.py_buffer(image_ids.astype(">i8").tobytes())
    names = pl.Series(pa.FixedSizeBinaryArray.from_buffers(pa.binary(8), len(image_ids), [None, data]))
    return "g" + names.cast(pl.Binary).bin.encode("hex")


def describe_members(
    images: pl.DataFrame, graph: ContentGraph, grouped: pl.DataFrame, passed: pl.DataFrame
) -> pl.DataFrame:
    """Columns representative_id, representative_sha256, level and decided_by of each image, in the order of `images`."""
    kept_row = grouped["representative_row"].to_numpy()
    kept = images.select(representative_id="image_id", representative_sha256="file_sha256", kept_recipe="recipe")[
        kept_row
    ]
    pair = find_pairs(graph, graph.node_of_image, graph.node_of_image[kept_row], passed)
    members = pl.concat([images.select("image_id", "file_sha256", "recipe"), kept], how="horizontal").with_columns(
        pair_level=passed["level"].gather(pair), pair_decided_by=passed["decided_by"].gather(pair)
    )
    generation = pl.col("pair_level").is_not_null() & (pl.col("recipe") == pl.col("kept_recipe"))
    level = pl.when(generation).then(pl.lit("generation")).otherwise(pl.col("pair_level"))
    itself = pl.col("image_id") == pl.col("representative_id")
    same = pl.col("file_sha256") == pl.col("representative_sha256")
    return members.select(
        "representative_id",
        "representative_sha256",
        level=pl.when(itself).then(None).when(same).then(pl.lit("exact")).otherwise(level),
        decided_by=pl.when(itself)
        .then(None)
        .when(same)
        .then(pl.lit("file_sha256"))
        .otherwise(pl.col("pair_decided_by")),
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
