import json

from PIL.PngImagePlugin import PngInfo

from dedup_assets.assets import metadata_hashes
from dedup_assets.generation_metadata.registry import PARSER_VERSION
from dedup_assets.policies import digest_of
from dedup_assets.tables import IMAGE_FEATURES, METADATA_HASHES
from dedup_assets_tests.assets.conftest import StagesOf, drawn
from dedup_assets_tests.assets.stages import READING, Stages
from dedup_assets_tests.photographs import jpeg, make_photograph, png

NAME = METADATA_HASHES.name
DRAWN = {"shop/drawn original.png", "web/drawn final.png", "web/drawn other.png"}


def with_text(keyword: str, text: str) -> bytes:
    info = PngInfo()
    info.add_text(keyword, text)
    return png(make_photograph(1, 48, 36), pnginfo=info)


def test_an_image_and_its_larger_version_have_one_recipe_and_images_without_any_have_no_row(grouped: Stages) -> None:
    rows = grouped.rows(METADATA_HASHES)
    assert set(rows) == DRAWN
    assert len({row["metadata_hash"] for row in rows.values()}) == 1
    assert len({row["parameters"] for row in rows.values()}) == 2
    assert {row["prompt"] for row in rows.values()} == {"a shoe"}
    assert json.loads(rows["web/drawn final.png"]["parameters"])["seed"] == 1


def test_recipes_are_counted_by_tool_and_texts_that_cannot_be_read_are_told(stages_of: StagesOf) -> None:
    files = {
        "a/drawn.png": drawn(1),
        "a/without model.png": with_text("parameters", "a shoe\nSteps: 20, Sampler: Euler, Seed: 1, Size: 48x36"),
        "a/broken.png": with_text("prompt", '{"3": {"class_type": "KSampler", "inputs": {'),
        "a/photo.jpg": jpeg(make_photograph(2, 48, 36)),
    }
    stages = stages_of(files)
    note = stages.run(*READING, metadata_hashes)[NAME]["a"]
    assert (note["recipes_known"], note["not_parsed"]) == (1, 1)
    columns = [column.name for column in note["preview"].schema.columns]
    assert columns == ["tool", "images", "parsed", "recipes", "no_prompt", "no_model", "no_seed", "no_steps"]
    lines = [" ".join(map(str, record.data.values())) for record in note["preview"].records]
    assert lines == ["AUTOMATIC1111 2 2 1 0 1 0 0", "ComfyUI 1 0 0 1 1 1 1"]
    rows = stages.rows(METADATA_HASHES)
    assert rows["a/broken.png"]["parse_error"].startswith("ComfyUI: ")
    assert rows["a/without model.png"]["missing"] == "model"
    assert [path for path, row in rows.items() if row["metadata_hash"]] == ["a/drawn.png"]


def test_another_version_of_the_parsers_parses_again_and_the_same_one_does_not(grouped: Stages) -> None:
    digest = grouped.tables.commit_of(IMAGE_FEATURES, "web").digest
    for version, skipped in ((PARSER_VERSION, True), (PARSER_VERSION - 1, False)):
        fingerprint = digest_of(str(version), [], digest)
        grouped.tables.rewrite(METADATA_HASHES, "web", METADATA_HASHES.empty(), fingerprint)
        notes = grouped.run(metadata_hashes)[NAME]
        assert (notes["web"]["skipped"], notes["shop"]["skipped"]) == (skipped, True)
        assert notes["web"]["recipes_known"] == (0 if skipped else 2)
    assert {row["parser_version"] for row in grouped.rows(METADATA_HASHES).values()} == {str(PARSER_VERSION)}
