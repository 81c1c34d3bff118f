from datetime import UTC, datetime

import pytest

from dedup_assets.resources.images.image_names import is_image_path, may_be_image
from dedup_assets.resources.images.source import Blob


@pytest.mark.parametrize("path", ["a.jpg", "a/b.JPEG", "no suffix", "a.b/c", "x.y.webp", "photo.HEIC", "ü.png"])
def test_names_that_images_have_and_names_without_a_suffix_are_images(path: str) -> None:
    assert is_image_path(path)


@pytest.mark.parametrize("path", ["a.txt", "notes.md", "a/.DS_Store", ".jpg", "a.", "a/", "a.jpg/", "film.mp4", ""])
def test_other_names_are_no_images(path: str) -> None:
    assert not is_image_path(path)


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
    now = datetime(2024, 1, 1, tzinfo=UTC)
    error = None if target else "It leads nowhere."
    assert may_be_image(Blob(path, "etag", 0, now, now, link_target=target, link_error=error)) == is_image
