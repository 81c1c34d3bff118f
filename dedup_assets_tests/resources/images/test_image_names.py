from datetime import UTC, datetime

import pytest

from dedup_assets.resources.images.image_names import has_image_suffix, kind_of, may_be_image
from dedup_assets.resources.images.source import Blob

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def file(path: str) -> Blob:
    return Blob(path, "etag", 9, NOW, NOW)


@pytest.mark.parametrize("path", ["a.jpg", "a/b.JPEG", "x.y.webp", "photo.HEIC", "ü.png", "a.txt.jpg"])
def test_names_that_images_have_are_images(path: str) -> None:
    assert may_be_image(file(path))
    assert has_image_suffix(path)


@pytest.mark.parametrize(
    "path",
    [
        "no suffix", "a.b/c", "a.jpg:large", "a.jpg?w=600", "a.jpg?f=list.php", "a.JPG_large", "a.jpg~original", "a.jpg ", "a.png.",
        "a.jpg_original", "a.jpg.1", "a.jpg.bak", "a.jpeg!d", "a.jpglarge", "a.webp&name=4", "Mr. Smith at sea", "12.05.2020",
        "e3b0c442.98fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "jpg", ".jpg", "a.jpg;v=2", "a%2Ejpg", "a.jpg.ORIG",
    ],
)  # fmt: skip
def test_of_names_that_say_nothing_the_first_bytes_decide(path: str) -> None:
    assert may_be_image(file(path))
    assert not has_image_suffix(path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.txt", ".txt"), ("notes.md", ".md"), ("film.MP4", ".mp4"), ("a.jpg.xmp", ".xmp"), ("a.jpg.json", ".json"),
        ("a.jpg (1).json", ".json"), ("a.cr2", ".cr2"), ("a.jpg.part", ".part"), ("a/", "no suffix"), ("", "no suffix"),
    ],
)  # fmt: skip
def test_other_names_are_no_images_and_their_kind_is_their_suffix(path: str, kind: str) -> None:
    assert not may_be_image(file(path))
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("path", "target", "is_image"),
    [
        ("latest", "2024/a.jpg", True),
        ("a.jpg", "store/0f3a", True),
        ("README", "docs/README", False),
        ("a.jpg", None, True),
        ("album", None, False),
    ],
)
def test_a_link_is_an_image_where_it_or_its_target_has_the_suffix_of_one(
    path: str, target: str | None, is_image: bool
) -> None:
    error = None if target else "It leads nowhere."
    assert may_be_image(Blob(path, "etag", 0, NOW, NOW, link_target=target, link_error=error)) == is_image
