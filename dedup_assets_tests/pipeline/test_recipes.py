"""The same recipe is a candidate, never a verdict: batches, grids and pairs through the whole line."""

import json
import os

import numpy as np
import psycopg
import pytest
from PIL.PngImagePlugin import PngInfo

from dedup_assets.tables import METADATA_HASHES
from dedup_assets_tests.photographs import Picture, png, scaled
from dedup_assets_tests.pipeline.collections import Planted, generated, photograph
from dedup_assets_tests.pipeline.conftest import LineOf
from dedup_assets_tests.pipeline.line import Line, Outcome

BATCH = ("astronaut", "chelsea", "coffee", "ihc")
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


def of_batch(picture: Picture) -> bytes:
    text = PngInfo()
    text.add_text("prompt", json.dumps(GRAPH))
    return png(picture, pnginfo=text)


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
        ]
    )


@pytest.fixture
def outcome(line: Line) -> Outcome:
    return line.run()


def test_pictures_of_one_batch_and_their_grid_stay_apart_and_the_final_of_a_pair_is_kept(
    outcome: Outcome, line: Line
) -> None:
    assert outcome.groups == {frozenset({"pair/00042 ORIG.png", "pair/00042 FINAL.png"})}
    final = outcome.by_path["pair/00042 FINAL.png"]
    original = outcome.by_path["pair/00042 ORIG.png"]
    assert (final["Status"], original["Status"], original["Level"]) == ("Best", "Duplicate", "generation")
    recipes = line.tables.read_many(METADATA_HASHES)
    assert sorted(recipes["metadata_hash"].value_counts()["count"]) == [2, 5]


def test_the_database_hashes_every_recipe_as_the_table_does(outcome: Outcome, line: Line) -> None:
    assert outcome.summary["unreadable"] == 0
    rows = line.tables.read_many(METADATA_HASHES, columns=["canonical_text", "metadata_hash"])
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        for text, known in rows.iter_rows():
            hashed = connection.execute("SELECT dedup.compute_metadata_hash(%s)", (text,)).fetchone()
            assert hashed == (known,)
