"""A small collection to draw: photographs of the scikit-image wheel with edited copies."""

from io import BytesIO
from pathlib import Path

import skimage
from PIL import Image, ImageEnhance, ImageOps

from dedup_assets.report.gallery_groups import GalleryGroup, GalleryImage
from dedup_assets.report.summary import RunSummary, ToolCount

PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")
EVIL_NAME = "<script>alert('x')</script> \"quoted\" & größer 🐱.jpg"


def photo(name: str) -> Image.Image:
    """A photograph that ships inside the scikit-image wheel, longer side 256 px."""
    with Image.open(Path(skimage.__file__).parent / "data" / name) as image:
        small = image.convert("RGB")
    small.thumbnail((256, 256))
    return small


def jpeg(image: Image.Image, quality: int = 80) -> bytes:
    """The picture as JPEG bytes."""
    encoded = BytesIO()
    image.save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()


def kept(name: str, path: str) -> GalleryImage:
    """A kept photograph."""
    return GalleryImage(path, "Best", None, "more real pixels", None, 2048, 1365, 1_204_113, jpeg(photo(name)))


def duplicate(level: str, decided_by: str, path: str, picture: Image.Image, **scores: float | None) -> GalleryImage:
    """A copy of it."""
    return GalleryImage(path, "Duplicate", level, None, decided_by, 1024, 683, 204_113, jpeg(picture, 60), scores)


def sample_groups() -> list[GalleryGroup]:
    """Three groups over four levels, those that free the most first, with a hostile name, and a copy without a thumbnail."""
    astronaut, coffee, chelsea = (photo(name) for name in PHOTOS[:3])
    gray = ImageOps.grayscale(coffee).convert("RGB")
    lost = GalleryImage(
        "lost/preview.webp", "Duplicate", "near", None, "strict_pixels", None, None, 999, None, {"bits": 0}
    )
    return [
        GalleryGroup(
            "g-coffee",
            [
                kept("coffee.png", "products/mugs/ORIG/coffee.png"),
                duplicate("generation", "metadata_hash", "products/mugs/FINAL/coffee.png", coffee),
                duplicate("near", "color", "products/grey/coffee.jpg", gray, color_score=None),
            ],
            3,
            3_500_000,
            0.6,
        ),
        GalleryGroup(
            "g-astronaut",
            [
                kept("astronaut.png", "shoot/2024/Eileen Collins.png"),
                duplicate("exact", "sha256", "backup/Eileen Collins (1).png", astronaut),
                duplicate("near", "global_structure", "web/eileen-1024.jpg", astronaut, bits=12, color_score=0.97),
                duplicate("copy", "local_structure", "social/mirrored.jpg", ImageOps.mirror(astronaut), inliers=9),
                lost,
            ],
            5,
            2_000_000,
            0.9871,
        ),
        GalleryGroup(
            "g-chelsea",
            [
                kept("chelsea.png", EVIL_NAME),
                duplicate("copy", "local_structure", "cats/chelsea.jpg", ImageEnhance.Brightness(chelsea).enhance(1.3)),
            ],
            2,
            1_000,
            None,
        ),
    ]  # fmt: skip


def sample_look_alikes() -> list[GalleryGroup]:
    """One group of two different pictures."""
    return [
        GalleryGroup(
            "s-rocket", [kept("rocket.jpg", "sky/rocket.jpg"), kept("astronaut.png", "sky/portrait.jpg")], 2, 0
        )
    ]


def sample_apart() -> list[GalleryGroup]:
    """Two pictures that differ in something."""
    ends = [kept("coffee.png", "forms/a.png"), kept("coffee.png", "forms/b.png")]
    return [GalleryGroup("g-a-g-b", ends, 2, 0, because="the words differ: 2 of 214 tiles")]


def sample_summary(groups: int = 3) -> RunSummary:
    """The figures that go with them."""
    return RunSummary(
        source="https://user:secret@account.blob.core.windows.net/photos/shop?sv=1&sig=SECRET",
        images=1_284,
        groups=groups,
        duplicates=312,
        unreadable=2,
        bytes_reclaimable=2_437_000_000,
        by_level={"near": 171, "copy": 24, "exact": 98, "generation": 19, "similar": 5},
        unreadable_causes=UNREADABLE,
        tools=[
            ToolCount("AUTOMATIC1111", 12, 12, 11, {"seed": 1}),
            ToolCount("ComfyUI", 26, 25, 20, {"model": 2, "prompt": 4}),
        ],
        embedding_provider="builtin",
        fallback_reasons=["open_clip: the extra [clip] is not installed"],
        policy={"near": {"max_dct_distance": 40}, "keep_rule": ["more_pixels", "path"]},
    )


UNREADABLE = (
    ("b/truncated.jpg", "The file ends before the picture does."),
    ("a/ümlaut #1 %.png", "Not an image: <html>"),
)
