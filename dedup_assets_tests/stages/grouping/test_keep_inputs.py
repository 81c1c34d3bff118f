"""Images as the keep rules take them, ranked some components at a time."""

import numpy as np
import polars as pl
import pytest

from dedup_assets.kernels.keep.consensus import measure_deviation
from dedup_assets.kernels.keep.ranking import KEEP_RULES, explain_choice, rank_images
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.grouping import keep_inputs
from dedup_assets.stages.grouping.collected_images import CollectedImages, read_gray_cells, read_images
from dedup_assets.stages.grouping.keep_inputs import (
    explain_kept,
    keep_columns,
    measure_pictures,
    path_places,
    rank_collected,
)


def test_unknown_numbers_are_nan_and_an_image_without_border_is_all_inside(described: Collection) -> None:
    images = read_images(described.tables())
    columns = keep_columns(CollectedImages(images.with_columns(jpeg_quality=pl.lit(None, pl.Int32))))
    assert np.isnan(columns["jpeg_quality"]).all()
    assert (columns["inner_width"] == 1).all()
    assert columns["width_px"].tolist() == images["width_px"].to_list()


def test_deviations_are_those_of_all_pictures_although_small_components_are_not_unpacked(described: Collection) -> None:
    tables = described.tables()
    images = read_images(tables)
    component = np.minimum(np.arange(images.height), 3)
    expected = measure_deviation(read_gray_cells(tables, images), component)
    assert (measure_pictures(images, component, tables)["deviation"] == expected).all()
    assert expected.any()
    assert len(measure_pictures(CollectedImages(images.clear()), component[:0], tables)["deviation"]) == 0


def test_pictures_of_a_pair_are_looked_at_where_one_may_be_an_enlargement(described: Collection) -> None:
    tables = described.tables()
    images = read_images(tables)
    component = np.arange(images.height) // 2
    resolved = images.with_columns(resolved_share=pl.when(pl.int_range(pl.len()) == 3).then(0.5).otherwise(1.0))
    pictures = measure_pictures(CollectedImages(resolved), component, tables)
    assert np.flatnonzero(~np.isnan(pictures["middle_gray"])).tolist() == [2, 3]


@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_images_are_ranked_and_explained_alike_however_many_at_once(
    described: Collection, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(keep_inputs, "IMAGES_AT_ONCE", at_once)
    tables = described.tables()
    images = read_images(tables)
    component = np.array([0, 1, 0, 1, 2, 0, 1, 0])
    columns = keep_columns(images) | measure_pictures(images, component, tables)
    expected = rank_images(columns, component)
    ranking = rank_collected(images, component, KEEP_RULES, (), tables)
    assert (ranking.order == expected.order).all()
    assert (ranking.keys == expected.keys).all()
    groups = {label: [row for row in expected.order if component[row] == label] for label in range(3)}
    kept_row = np.array([groups[label][0] for label in component])
    keep_rank = np.array([groups[label].index(row) for row, label in enumerate(component)])
    words = {
        label: explain_choice(columns, expected, group[0], *([*group, None][1:2])) for label, group in groups.items()
    }
    assert explain_kept(images, ranking, kept_row, keep_rank).to_list() == [words[label] for label in component]


def test_paths_have_their_place_in_the_order_of_code_points(described: Collection) -> None:
    images = read_images(described.tables()).with_columns(path=pl.Series(["b", "Ü", "a", "ｱ", "𝄞", "B", "a b", "a/"]))
    paths = images["path"].to_list()
    assert path_places(images).tolist() == [sorted(paths).index(path) for path in paths]
