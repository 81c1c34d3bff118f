"""Neighbours of images of a store and of files from outside, over the collection of `GROUPED_FILES`."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from dedup_assets.assets import dedup_report, embeddings, similar_groups
from dedup_assets.automation.running import remember
from dedup_assets.cli import main
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import NoVectorError, UnknownImageError
from dedup_assets.policies import EmbeddingPolicy
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.settings import Settings
from dedup_assets.stages.vectors.kept_model import use_provider
from dedup_assets.stages.vectors.similar_images import SimilarImages
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
    (kept,) = {each.path for each in similar.find("web/red small.jpg", 1).images}
    nearest = similar.find("web/red small.jpg", 1).images[0]
    assert (nearest.path, nearest.relation) == (kept, "same group")
    assert nearest.cosine == pytest.approx(1, abs=0.01)
    assert all(each.path.startswith("shop/") for each in similar.find("web/red small.jpg", 10, "shop/").images)
    assert similar.find("web/red small.jpg", 10).note == ""
    (cropped,) = similar.find("web/drawn other.png", 1, "web/red cropped").images
    assert (cropped.path, cropped.relation) == ("web/red cropped.jpg", "duplicate of shop/red.jpg")
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(jpeg(scaled(make_photograph(1), 0.8)))
    assert similar.find(str(outside), 1).images[0].path == kept
    assert similar.find(str(outside), 1).images[0].relation == ""
    outside.write_bytes(GROUPED_FILES[kept])
    assert similar.find(str(outside), 1).images[0].relation == "same bytes"
    outside.write_bytes(b"no picture")
    bomb = tmp_path / "bomb.tiff"
    Image.new("L", (25_000, 25_000)).save(bomb, compression="tiff_adobe_deflate")
    with pytest.raises(NoVectorError, match=r"bomb\.tiff cannot be read: .*625,000,000 pixels"):
        similar.find(str(bomb), 10)
    with pytest.raises(NoVectorError, match="cannot be read"):
        similar.find(str(outside), 1)
    with closed(outside), pytest.raises(NoVectorError, match="cannot be read: Permission denied"):
        similar._outside(str(outside))
    with pytest.raises(UnknownImageError):
        similar.find("neither an image nor a file", 1)


def paths_found(similar: SimilarImages, name: str) -> set[str]:
    return {each.path for each in similar.find(name, 10).images}


def test_with_partitions_of_two_models_an_image_is_searched_by_the_one_that_it_has_a_vector_of(
    grouped: Stages,  # noqa: F811
    tmp_path: Path,
) -> None:
    grouped.run(embeddings, keys=["shop"])
    use_provider(grouped.tables, EmbeddingPolicy(), "dhash")
    grouped.run(embeddings, keys=["web"])
    grouped.run(similar_groups, dedup_report)
    similar = search(grouped)
    assert paths_found(similar, "shop/blue.jpg") == {"shop/red.jpg"}
    assert paths_found(similar, "web/drawn other.png") == {"web/drawn final.png", "web/red cropped.jpg"}
    assert "shop (rootsift-vlad64-pca256@2)" in similar.find("web/drawn other.png", 1).note
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(GROUPED_FILES["web/red cropped.jpg"])
    assert paths_found(similar, str(outside)) == {"shop/blue.jpg", "shop/red.jpg"}
    assert "web (dhash-16x16@1)" in similar.find(str(outside), 1).note


def test_an_image_with_vectors_of_two_models_is_searched_by_that_of_most_partitions(reported: Stages) -> None:
    use_provider(reported.tables, EmbeddingPolicy(), "dhash")
    reported.run(embeddings, keys=["web"])
    everything = {"shop/blue.jpg", "shop/red.jpg", "web/drawn final.png", "web/red cropped.jpg"}
    assert paths_found(search(reported), "web/drawn other.png") == everything


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


def test_the_command_tells_which_partitions_have_vectors_of_another_model(reported: Stages) -> None:
    store = reported.collection.store
    remember(Settings(source=reported.collection.source, store=store))
    use_provider(reported.tables, EmbeddingPolicy(), "dhash")
    reported.run(embeddings, keys=["web"])
    result = CliRunner().invoke(main, ["similar", "web/red small.jpg", "--store", store, "--limit", "2"])
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr.startswith("Searched by vectors of rootsift-vlad64-pca256@2. Partitions with those of another")
