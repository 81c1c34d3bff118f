from dedup_assets.report.gallery_groups import thumbnail_name


def test_equal_thumbnails_share_a_name_that_is_safe_in_any_address() -> None:
    assert thumbnail_name(b"x") == thumbnail_name(b"x") != thumbnail_name(b"y")
    assert thumbnail_name(b"").removeprefix("thumbnails/").removesuffix(".jpg").isalnum()
