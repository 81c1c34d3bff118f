"""The same recipe is a candidate, never a verdict: batches, grids, masks and pairs through the whole line."""

import hashlib
import json
import os

import cv2
import numpy as np
import polars as pl
import psycopg
import pytest
from PIL.PngImagePlugin import PngInfo

from dedup_assets.generation_metadata.recipe import normalize_text, prompt_sha256, storable_text
from dedup_assets.tables import METADATA_HASHES
from dedup_assets_tests.generation_metadata.samples import FINAL_INFOTEXT, INFOTEXT
from dedup_assets_tests.photographs import Picture, make_photograph, png, scaled
from dedup_assets_tests.pipeline.collections import Planted, generated, photograph
from dedup_assets_tests.pipeline.conftest import LineOf
from dedup_assets_tests.pipeline.line import Line

BATCH = ("camera", "chelsea", "coffee", "ihc")
GRAPH = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "four pictures at once", "clip": ["1", 1]}},
    "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 4}},
    "4": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0],
            "seed": 77, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
        },
    },
    "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
    "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "batch"}},
}  # fmt: skip


HOSTILE_PROMPT = "nul \x00, half a pair \ud800, \U0001f98a, cafe\u0301, \\u0000 \\ \" ' %s $1 {} \r\n end"
FACE = (0.45, 0.22), (0.13, 0.17)
"""Centre and half axes of the astronaut's face, as shares of the squared picture."""


def of_batch(picture: Picture, prompt: str = "four pictures at once", seed: int = 77) -> bytes:
    nodes = json.loads(json.dumps(GRAPH))
    nodes["2"]["inputs"]["text"] = prompt
    nodes["4"]["inputs"]["seed"] = seed
    text = PngInfo()
    text.add_text("prompt", json.dumps(nodes))
    return png(picture, pnginfo=text)


def of_text(picture: Picture, infotext: str) -> bytes:
    text = PngInfo()
    text.add_text("parameters", infotext)
    return png(picture, pnginfo=text)


def ellipse(picture: Picture) -> Picture:
    """(h, w, 3) uint8: white where the face is, black elsewhere, as an inpainting mask is saved."""
    size = np.array(picture.shape[1::-1])
    (x, y), (across, down) = (np.round(np.array(share) * size).astype(int).tolist() for share in FACE)
    return cv2.ellipse(np.zeros_like(picture), (x, y), (across, down), 0, 0, 360, (255, 255, 255), -1).astype(np.uint8)


def with_face_restored(picture: Picture) -> Picture:
    """The picture with its face smoothed and sharpened anew, blended over a soft edge."""
    smooth = cv2.bilateralFilter(picture, 9, 60, 15)
    restored = cv2.addWeighted(smooth, 1.6, cv2.GaussianBlur(smooth, (0, 0), 4), -0.6, 0)
    weight = cv2.GaussianBlur(ellipse(picture).astype(np.float32) / 255, (0, 0), 5)
    return (picture * (1 - weight) + restored * weight).astype(np.uint8)


def inpainted(picture: Picture, other: Picture) -> Picture:
    """The picture whose lower half shows another one."""
    half = picture.shape[0] // 2
    return np.concatenate([picture[:half], other[half:]])


def squared(picture: Picture, side_px: int) -> Picture:
    side = min(picture.shape[:2])
    return scaled(np.ascontiguousarray(picture[:side, :side]), side_px / side)


@pytest.fixture
def line(line_of: LineOf) -> Line:
    rocket = squared(photograph("rocket"), 160)
    members = [squared(photograph(name), 160) for name in BATCH]
    grid = np.concatenate([np.concatenate(members[:2], axis=1), np.concatenate(members[2:], axis=1)])
    files = [
        Planted(f"batch/{name}_00001_.png", of_batch(picture), name)
        for name, picture in zip(BATCH, members, strict=True)
    ]
    return line_of(
        [
            *files,
            Planted("batch/grid.png", of_batch(np.ascontiguousarray(grid)), "grid"),
            Planted("pair/00042 ORIG.png", generated(rocket), "rocket"),
            Planted("pair/00042 FINAL.png", generated(scaled(rocket, 2.0)), "rocket"),
            Planted("hostile/text.png", of_batch(make_photograph(5), HOSTILE_PROMPT, 2**64 - 1), "noise"),
            *restored_files(),
        ]
    )


def restored_files() -> list[Planted]:
    """Originals with finals of twice the size, the face restored: one of more detail, one merely enlarged; and what lies beside."""
    large = squared(photograph("astronaut"), 360)
    original, final = scaled(large, 0.5), with_face_restored(large)
    small = squared(photograph("motorcycle_left"), 240)
    enlarged = with_face_restored(cv2.resize(small, (480, 480), interpolation=cv2.INTER_LANCZOS4).astype(np.uint8))
    before = inpainted(original, squared(photograph("hubble_deep_field"), 180))
    return [
        Planted("face/00043 ORIG.png", of_text(original, INFOTEXT), "astronaut"),
        Planted("face/00043 FINAL.png", of_text(final, FINAL_INFOTEXT), "astronaut"),
        Planted("enlarged/00044 ORIG.png", of_text(small, INFOTEXT.replace("Seed: ", "Seed: 1")), "motorcycle"),
        Planted(
            "enlarged/00044 FINAL.png", of_text(enlarged, FINAL_INFOTEXT.replace("Seed: ", "Seed: 1")), "motorcycle"
        ),
        Planted("face/00043 mask.png", of_text(ellipse(original), INFOTEXT), "mask"),
        Planted("face/00043 before.png", of_text(before, INFOTEXT), "before"),
    ]


def test_only_pairs_become_groups_and_their_finals_are_kept(line: Line) -> None:
    """Batch, grid, mask and the picture before inpainting share their recipe with others, and stay apart."""
    outcome = line.run()
    pairs = {(f"{folder} ORIG.png", f"{folder} FINAL.png") for folder in ("pair/00042", "face/00043", "enlarged/00044")}
    assert outcome.groups == {frozenset(pair) for pair in pairs}
    for original_path, final_path in pairs:
        final, original = outcome.by_path[final_path], outcome.by_path[original_path]
        assert (final["Status"], original["Status"], original["Level"]) == ("Best", "Duplicate", "generation")
    recipes = line.tables.read_many(METADATA_HASHES)
    assert sorted(recipes["metadata_hash"].value_counts()["count"]) == [1, 2, 2, 4, 5]


def test_hostile_texts_are_stored_as_read_and_the_database_hashes_every_recipe_as_the_table_does(line: Line) -> None:
    assert line.run().summary["unreadable"] == 0
    rows = line.tables.read_many(METADATA_HASHES)
    (hostile,) = rows.filter(pl.col("prompt").str.starts_with("nul ")).to_dicts()
    assert json.loads(hostile["parameters"])["prompt"] == HOSTILE_PROMPT
    assert (hostile["prompt"], hostile["prompt_sha256"]) == (
        storable_text(HOSTILE_PROMPT),
        prompt_sha256(HOSTILE_PROMPT),
    )
    stored = json.loads(hostile["canonical_text"])
    assert (stored[1], stored[4]) == (normalize_text(HOSTILE_PROMPT), 2**64 - 1)
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        for text, known in rows.select("canonical_text", "metadata_hash").iter_rows():
            hashed = connection.execute("SELECT dedup.compute_metadata_hash(%s)", (text,)).fetchone()
            assert hashed == (known,) == (hashlib.sha256(text.encode()).hexdigest(),)
