import polars as pl

from dedup_assets.partitions import image_id
from dedup_assets.stages.companions import find_companions, name_companions


def files(*paths: str) -> pl.DataFrame:
    return pl.DataFrame([{"image_id": image_id(path), "path": path, "etag": "e"} for path in paths])


def test_files_of_an_images_name_in_its_folder_go_along_with_it_and_are_named() -> None:
    images = files("a/IMG_1.JPG", "a/IMG_1.heic", "a/IMG_2.jpg", "b/IMG_1.jpg", "a/no suffix")
    others = files(
        "a/IMG_1.MOV", "a/img_1.aae", "a/IMG_1.JPG.xmp", "a/IMG_2.CR2", "a/IMG_22.cr2", "c/IMG_1.mov", "a/no suffix.xmp",
        "IMG_1.mov",
    )  # fmt: skip
    found = find_companions(images, others)
    names = dict(name_companions(found).iter_rows())
    assert {path: names.get(image_id(path)) for path in images["path"]} == {
        "a/IMG_1.JPG": "IMG_1.JPG.xmp, IMG_1.MOV, img_1.aae",
        "a/IMG_1.heic": "IMG_1.MOV, img_1.aae",
        "a/IMG_2.jpg": "IMG_2.CR2",
        "b/IMG_1.jpg": None,
        "a/no suffix": "no suffix.xmp",
    }
    assert find_companions(images, others.clear()).is_empty()
