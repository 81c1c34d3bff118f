"""A small collection whose images have been read, for the modules that start from their features.

Belongs here: its files, and reading them by the real assets. Does not belong here: tests.
"""

import polars as pl
from PIL.PngImagePlugin import PngInfo

from dedup_assets.assets import image_features, image_manifest
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.contents import order_pair_ends, read_contents
from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.materializing import materialize
from dedup_assets_tests.photographs import jpeg, make_photograph, marked, png, scaled

_RECIPE = PngInfo()
_RECIPE.add_text("parameters", "a red shoe\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 240x180")

DESCRIBED_FILES = {
    "shop/red.jpg": jpeg(make_photograph(1)),
    "shop/red small.jpg": jpeg(scaled(make_photograph(1), 0.5), quality=80),
    "shop/blue.jpg": jpeg(make_photograph(2)),
    "web/red again.jpg": jpeg(make_photograph(1)),
    "web/red.png": png(make_photograph(1), pnginfo=_RECIPE),
    "web/red low.jpg": jpeg(make_photograph(1), quality=40),
    "web/red marked.jpg": jpeg(marked(make_photograph(1))),
    "web/green.jpg": jpeg(make_photograph(3)),
    "web/half.jpg": jpeg(make_photograph(4))[:2_000],
}
"""Six files of one picture, of which two are equal; two other pictures; and half a file."""

READABLE = sorted(DESCRIBED_FILES.keys() - {"web/half.jpg"})


def describe(collection: Collection) -> None:
    """Read the images of a collection: its manifest and features."""
    assert materialize(collection, image_manifest, image_features).success


def content_of(tables: TableStore, path: str) -> bytes:
    """The SHA-256 of an image's bytes, by its path."""
    rows = tables.read_many(IMAGE_FEATURES, columns=["path", "file_sha256"])
    return bytes(rows.row(by_predicate=pl.col("path") == path)[1])


def pairs_of(tables: TableStore, *paths: tuple[str, str]) -> pl.DataFrame:
    """Pairs of the contents of some paths: left_id, right_id, left_sha256, right_sha256, transform; ends in order."""
    ids = dict(read_contents(tables, ()).select("file_sha256", "image_id").iter_rows())
    contents = [(content_of(tables, one), content_of(tables, other)) for one, other in paths]
    rows = [(ids[one], ids[other], one, other, "identity") for one, other in contents]
    return order_pair_ends(
        pl.DataFrame(
            rows,
            schema={
                "left_id": pl.Int64,
                "right_id": pl.Int64,
                "left_sha256": pl.Binary,
                "right_sha256": pl.Binary,
                "transform": pl.String,
            },
            orient="row",
        )
    )
