"""What the recipe of a whole file is, and the report on it."""

import dataclasses
import json

import pytest

from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.recipe import canonical_text, file_report
from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets_tests.generation_metadata.samples import FINAL_INFOTEXT, INFOTEXT, png_file, text_chunk


@pytest.mark.parametrize("guidance", ["7", "7.0", "7.00", "7e0", "07"])
@pytest.mark.parametrize("seed", ["1234567890", "01234567890", "1234567890.0"])
def test_numbers_that_are_equal_are_one_recipe_however_they_are_written(guidance: str, seed: str) -> None:
    text = INFOTEXT.replace("CFG scale: 7,", f"CFG scale: {guidance},").replace("Seed: 1234567890,", f"Seed: {seed},")
    expected, found = (file_report("x", png_file(text_chunk("parameters", each))) for each in (INFOTEXT, text))
    assert found["metadata_hash"] == expected["metadata_hash"] is not None


@pytest.mark.parametrize("value", [7, 7.0, "7", "7.00"])
def test_numbers_in_objects_are_one_recipe_as_numbers_and_as_texts(value: object) -> None:
    carriers = {"parameters": json.dumps({"prompt": "a fox", "base_model": "m", "seed": str(2**64 - 1), "cfg": value})}
    parsed = parse_generation(carriers)
    assert parsed is not None
    assert canonical_text(parsed.parameters) == (
        f'[1,"a fox",null,"name:m",{2**64 - 1},null,null,null,null,null,7,null,null,[]]'
    )


@pytest.mark.parametrize(
    "changed",
    [
        ("Size: 1024x1024", "Size: 2048x2048"),
        ("Version: v1.10.1", "Version: f2.0.1v1.10.1-previous-659-gc055f2d4"),
        ("Clip skip: 2", "Clip skip: 2, Face restoration: CodeFormer"),
        ("Clip skip: 2", "Clip skip: 2, Hires upscaler: 4x-UltraSharp, Hires upscale: 2, Hires steps: 10"),
        ("Clip skip: 2", "Denoising strength: 0.4, Clip skip: 2"),
        (
            "Clip skip: 2",
            'Clip skip: 2, Module 1: ae, Diffusion in Low Bits: Automatic, ADetailer model: "face_yolov8n.pt"',
        ),
    ],
)
def test_output_size_upscaler_face_restoration_and_version_are_no_part_of_an_infotexts_recipe(
    changed: tuple[str, str],
) -> None:
    assert changed[0] in INFOTEXT
    reports = [file_report(name, png_file(text_chunk("parameters", text))) for name, text in
               (("00042 ORIG.png", INFOTEXT), ("00042 FINAL.png", INFOTEXT.replace(*changed)))]  # fmt: skip
    assert reports[0]["metadata_hash"] == reports[1]["metadata_hash"] is not None


def test_orig_and_final_of_one_recipe_share_the_hash() -> None:
    reports = [file_report("x.png", png_file(text_chunk("parameters", text))) for text in (INFOTEXT, FINAL_INFOTEXT)]
    assert reports[0]["metadata_hash"] == reports[1]["metadata_hash"] is not None
    assert [report["stage"] for report in reports] == ["text", "hires"]


def test_a_report_has_every_parameter_by_its_name_and_is_json() -> None:
    report = file_report("fox.png", png_file(text_chunk("parameters", INFOTEXT)))
    names = [field.name for field in dataclasses.fields(GenerationParameters)]
    assert list(report) == ["path", "tool", *names, "metadata_hash", "missing", "error"]
    again = json.loads(json.dumps(report, allow_nan=False))
    assert again["seed"] == 1234567890
    assert again["loras"] == [{"name": "fur_detail", "weight": 0.8}]
    assert (again["tool"], again["missing"], again["error"]) == ("AUTOMATIC1111", [], None)


def test_a_file_without_metadata_has_a_report_without_a_tool() -> None:
    report = file_report("plain.png", png_file())
    assert (report["tool"], report["metadata_hash"], report["missing"], report["error"]) == (None, None, [], None)


def test_a_report_says_what_could_not_be_read() -> None:
    report = file_report("bad.png", png_file(text_chunk("prompt", '{"3": {"class_type": "KSampler"')))
    assert report["tool"] == "ComfyUI"
    assert report["missing"] == ["prompt", "model", "seed", "steps"]
    assert str(report["error"]).startswith("ComfyUI: the JSON cannot be read")
