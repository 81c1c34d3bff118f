from dedup_assets.report.gallery_groups import GalleryGroup, thumbnail_name
from dedup_assets_tests.report.sample_gallery import kept


def test_a_group_counts_the_images_that_it_does_not_hold() -> None:
    image = kept("coffee.png", "a.png")
    assert GalleryGroup("g", [image, image], 0).image_count == 2
    assert GalleryGroup("g", [image, image], 0, size=100_000).image_count == 100_000


def test_equal_thumbnails_share_a_name_that_is_safe_in_any_address() -> None:
    assert thumbnail_name(b"x") == thumbnail_name(b"x") != thumbnail_name(b"y")
    assert thumbnail_name(b"").removeprefix("thumbnails/").removesuffix(".jpg").isalnum()
