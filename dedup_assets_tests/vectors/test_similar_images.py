"""Neighbours of images of a store and of files from outside, over the collection of `GROUPED_FILES`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from dedup_assets.assets import dedup_report, embeddings, similar_groups
from dedup_assets.automation.running import remember
from dedup_assets.cli import main
from dedup_assets.embedders.settings import EmbedderSettings
from dedup_assets.named_images import UnknownImageError
from dedup_assets.resources.database import DatabaseResource
from dedup_assets.settings import Settings
from dedup_assets.vectors.similar_images import NoVectorError, SimilarImages
from dedup_assets_tests.assets.conftest import (  # noqa: F401
    GROUPED_FILES,
    database_url,
    grouped,
    grouped_once,
    server,
)
from dedup_assets_tests.assets.stages import Stages
from dedup_assets_tests.permissions import closed
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled

pytestmark = pytest.mark.usefixtures("database_url")


@pytest.fixture
def reported(grouped: Stages) -> Stages:  # noqa: F811
    """The collection with its vectors and its report."""
    grouped.run(embeddings, similar_groups, dedup_report)
    return grouped


def search(stages: Stages) -> SimilarImages:
    store = DatabaseResource(store=stages.collection.store)
    return SimilarImages.open(stages.tables, store, stages.collection.source, EmbedderSettings())


def test_a_store_without_vectors_says_so(grouped: Stages) -> None:  # noqa: F811
    with pytest.raises(NoVectorError, match="holds no vectors yet"):
        search(grouped)


def test_neighbours_of_stored_images_and_of_files_are_told_with_what_the_report_says(
    reported: Stages, tmp_path: Path
) -> None:
    similar = search(reported)
    (kept,) = {each.path for each in similar.find("web/red small.jpg", 1)}
    nearest = similar.find("web/red small.jpg", 1)[0]
    assert (nearest.path, nearest.relation) == (kept, "same group")
    assert nearest.cosine == pytest.approx(1, abs=0.01)
    assert all(each.path.startswith("shop/") for each in similar.find("web/red small.jpg", 10, "shop/"))
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(jpeg(scaled(make_photograph(1), 0.8)))
    assert similar.find(str(outside), 1)[0].path == kept
    assert similar.find(str(outside), 1)[0].relation == ""
    outside.write_bytes(GROUPED_FILES[kept])
    assert similar.find(str(outside), 1)[0].relation == "same bytes"
    outside.write_bytes(b"no picture")
    with pytest.raises(NoVectorError, match="cannot be read"):
        similar.find(str(outside), 1)
    with closed(outside), pytest.raises(NoVectorError, match="cannot be read: Permission denied"):
        similar._outside(str(outside))
    with pytest.raises(UnknownImageError):
        similar.find("neither an image nor a file", 1)


def test_the_command_shows_paths_cosines_and_what_the_report_says(reported: Stages) -> None:
    store = reported.collection.store
    remember(Settings(source=reported.collection.source, store=store))
    result = CliRunner().invoke(main, ["similar", "web/red small.jpg", "--store", store, "--limit", "2"])
    assert (result.exit_code, len(result.output.splitlines())) == (0, 2)
    assert result.output.splitlines()[0].endswith("  same group")
    unknown = CliRunner().invoke(main, ["similar", "nothing.jpg", "--store", store])
    assert unknown.exit_code == 1
    assert "No image of the report is called" in unknown.output
    assert CliRunner().invoke(main, ["similar", "a.jpg", "--store", f"{store}/none"]).exit_code == 1
