"""The right image is kept where the naive rule keeps the wrong one, in any order, and the words say why."""

import io
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dedup_assets.kernels.describe.borders import find_inner_box
from dedup_assets.kernels.describe.palette import measure_colourfulness
from dedup_assets.kernels.describe.quality import measure_quality
from dedup_assets.kernels.describe.shrinking import reduce_picture
from dedup_assets.kernels.keep.columns import Columns
from dedup_assets.kernels.keep.consensus import measure_deviation
from dedup_assets.kernels.keep.ranking import KEEP_RULES, RULE_NAMES, explain_choice, rank_images
from dedup_assets.kernels.keep.words import BY_PATH
from dedup_assets_tests.kernels.photographs import encode, load_photograph

RGB = NDArray[np.uint8]
ALONE = np.zeros(1, dtype=np.int64)


def jpeg(rgb: RGB, quality: int = 92) -> bytes:
    return encode(Image.fromarray(rgb), "JPEG", quality=quality)


def png(rgb: RGB) -> bytes:
    return encode(Image.fromarray(rgb), "PNG")


def pixels(data: bytes) -> RGB:
    return np.array(Image.open(io.BytesIO(data)).convert("RGB"))


def describe(path: str, data: bytes) -> dict[str, object]:
    """Return the columns of one file, as the features of an image hold them."""
    image = Image.open(io.BytesIO(data))
    tables = list(image.quantization.values()) if isinstance(image, JpegImageFile) else None
    rgb = np.array(image.convert("RGB"))
    height, width = rgb.shape[:2]
    reduction = reduce_picture(rgb)
    signals = measure_quality(reduction, width, height, len(data), tables)
    box = find_inner_box(rgb) or (0, 0, 1, 1)
    gray = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA)
    return {
        "path": path,
        "width_px": width,
        "height_px": height,
        "size_bytes": len(data),
        "image_format": image.format,
        "inner_width": box[2],
        "inner_height": box[3],
        "gray_64": gray.ravel(),
        "colourfulness": float(measure_colourfulness(reduction.colour_32[None])[0]),
        **{name: getattr(signals, name) for name in signals.__slots__},
    }


def collect(files: Sequence[tuple[str, bytes]]) -> dict[str, NDArray[np.generic]]:
    rows = [describe(path, data) for path, data in files]
    columns = {name: np.array([np.nan if row[name] is None else row[name] for row in rows]) for name in rows[0]}
    columns["deviation"] = measure_deviation(columns.pop("gray_64"), np.zeros(len(rows), dtype=np.int64))
    return columns


def kept(files: Sequence[tuple[str, bytes]]) -> str:
    columns = collect(files)
    return str(columns["path"][rank_images(columns, np.zeros(len(files), dtype=np.int64)).order[0]])


def scale(rgb: RGB, factor: float) -> RGB:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=how), dtype=np.uint8)


def noise(rgb: RGB) -> RGB:
    return np.asarray(np.clip(rgb + np.random.default_rng(0).normal(0, 9, rgb.shape), 0, 255), dtype=np.uint8)


def sharpen(rgb: RGB) -> RGB:
    return np.asarray(cv2.addWeighted(rgb, 1.8, cv2.GaussianBlur(rgb, (0, 0), 2), -0.8, 0), dtype=np.uint8)


def brighten(rgb: RGB) -> RGB:
    return np.asarray(np.clip(rgb * 1.25 + 5, 0, 255), dtype=np.uint8)


def blur(rgb: RGB) -> RGB:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), 1.8), dtype=np.uint8)


def write_on(rgb: RGB) -> RGB:
    marked = cv2.putText(rgb.copy(), "(c) SAMPLE", (40, 200), cv2.FONT_HERSHEY_DUPLEX, 1.5, (255, 255, 255), 3)
    return np.asarray(cv2.addWeighted(rgb, 0.45, marked, 0.55, 0), dtype=np.uint8)


def frame(rgb: RGB) -> RGB:
    return np.asarray(cv2.copyMakeBorder(rgb, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(0, 0, 0)), dtype=np.uint8)


def caption(rgb: RGB) -> RGB:
    out = cv2.copyMakeBorder(rgb, 88, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return np.asarray(cv2.putText(out, "WHEN YOU SEE IT", (10, 60), cv2.FONT_HERSHEY_DUPLEX, 1.2, (0, 0, 0), 2))


EDITS: dict[str, Callable[[RGB], bytes]] = {
    "upscaled": lambda rgb: png(scale(rgb, 2)),
    "half": lambda rgb: jpeg(scale(rgb, 0.5)),
    "sharpened": lambda rgb: jpeg(sharpen(rgb)),
    "noisy": lambda rgb: jpeg(noise(rgb)),
    "blurred": lambda rgb: jpeg(blur(rgb)),
    "brighter": lambda rgb: jpeg(brighten(rgb)),
    "watermarked": lambda rgb: jpeg(write_on(rgb)),
    "framed": lambda rgb: jpeg(frame(rgb), 97),
    "captioned": lambda rgb: jpeg(caption(rgb), 97),
    "re-encoded": lambda rgb: jpeg(rgb, 75),
    "cropped": lambda rgb: png(rgb[10:, 10:]),
    "png": png,
}
# These leave a trace of their own, so that two files suffice; the others need a majority of the picture's copies.
TELLING_ALONE = ("upscaled", "half", "framed", "captioned", "re-encoded", "cropped", "png")


@pytest.fixture(scope="module", params=["astronaut.png", "chelsea.png"])
def original(request: pytest.FixtureRequest) -> bytes:
    return jpeg(np.array(load_photograph(request.param)), 85)


@pytest.mark.parametrize("edit", TELLING_ALONE)
def test_the_original_is_kept_before_one_copy(original: bytes, edit: str) -> None:
    assert kept([("a", EDITS[edit](pixels(original))), ("b", original)]) == "b"


def test_the_original_is_kept_before_all_its_copies(original: bytes) -> None:
    copies = [(f"a/{name}", make(pixels(original))) for name, make in EDITS.items()]
    assert kept([*copies, ("z", original)]) == "z"


def test_each_copy_that_takes_the_place_of_others_loses_in_the_crowd(original: bytes) -> None:
    rgb = pixels(original)
    crowd = [(f"b/{quality}", jpeg(rgb, quality)) for quality in (40, 50, 60, 70)]
    for name in ("sharpened", "noisy", "blurred", "brighter", "watermarked"):
        assert kept([("a", EDITS[name](rgb)), *crowd, ("z", original)]) == "z"


def test_a_larger_file_of_fewer_pixels_loses() -> None:
    rgb = np.array(load_photograph("astronaut.png"))
    small, large = png(scale(rgb, 0.5)), jpeg(rgb, 60)
    assert len(small) > len(large)
    assert kept([("a", small), ("b", large)]) == "b"


def test_a_product_on_white_is_kept_before_its_crops() -> None:
    rgb = np.full((500, 500, 3), 255, np.uint8)
    rgb[120:380, 100:400] = scale(np.array(load_photograph("coffee.png")), 0.65)[:260, :300]
    original = jpeg(rgb, 90)
    crops = [("a/tight", png(rgb[140:360, 120:380])), ("a/white", jpeg(rgb[60:440, 60:440], 90))]
    assert kept([*crops, ("z", original)]) == "z"


def simple(**columns: Sequence[object]) -> Columns:
    count = len(next(iter(columns.values())))
    return {"path": np.array([f"p{row}" for row in range(count)]), **{name: np.array(v) for name, v in columns.items()}}


def order(columns: Columns, rules: Sequence[str], prefixes: Sequence[str] = ()) -> list[int]:
    component = np.zeros(len(columns["path"]), dtype=np.int64)
    return [int(row) for row in rank_images(columns, component, rules, prefixes).order]


def test_the_order_of_the_rules_decides() -> None:
    columns = simple(width_px=[100, 200], height_px=[100, 200], size_bytes=[9000, 5000], modified_at=[1, 2])
    assert order(columns, KEEP_RULES) == [1, 0]
    assert order(columns, ["largest_file"]) == order(columns, ["oldest"]) == [0, 1]
    assert order(columns, ["newest", "largest_file"]) == [1, 0]


def test_preferred_prefixes_come_first_in_their_order() -> None:
    columns = {"path": np.array(["c/1", "b/1", "a/1", "b/0"])}
    assert order(columns, ["prefer_prefix"], ["b/", "c/"]) == [3, 1, 0, 2]


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown keep rules \['sharpest'\]"):
        order(simple(width_px=[1]), ["sharpest"])


def test_the_order_is_total_and_depends_neither_on_rows_nor_on_labels() -> None:
    random = np.random.default_rng(2)
    count = 300
    columns = {
        "path": np.array([f"p{row:03d}" for row in random.permutation(count)]),
        "width_px": random.integers(90, 110, count),
        "height_px": random.integers(90, 110, count),
        "inner_width": random.choice([1.0, 0.9], count),
        "jpeg_quality": random.choice([np.nan, 50, 75, 90], count),
        "sharpness": random.uniform(1, 20, count),
        "upscale_score": random.uniform(0, 1, count),
        "blockiness": random.uniform(0, 5, count),
        "deviation": random.uniform(0, 0.3, count),
    }
    component = random.integers(0, 40, count)
    first = columns["path"][rank_images(columns, component).order]
    shuffled = random.permutation(count)
    labels = random.permutation(1000)[component]
    again = {name: values[shuffled] for name, values in columns.items()}
    assert (again["path"][rank_images(again, labels[shuffled]).order] == first).all()
    assert sorted(first) == sorted(columns["path"])


def explain(columns: Columns, rules: Sequence[str] = KEEP_RULES) -> str:
    ranking = rank_images(columns, np.zeros(2, dtype=np.int64), rules, ["p1"])
    return explain_choice(columns, ranking, int(ranking.order[0]), int(ranking.order[1]))


def test_the_words_name_the_rule_that_decided() -> None:
    sizes = {"width_px": [1500, 3000], "height_px": [1000, 2000]}
    assert explain(simple(**sizes)) == "more real pixels (3000x2000 against 1500x1000)"
    framed = simple(width_px=[500, 600], height_px=[400, 500], inner_width=[1, 500 / 600], inner_height=[1, 0.8])
    assert explain(framed) == "more real pixels (500x400 against 600x500, which is framed or enlarged)"
    encodings = simple(jpeg_quality=[95, 60], image_format=["JPEG", "JPEG"])
    assert explain(encodings) == "less compression (JPEG quality 95 against JPEG quality 60)"
    resaved = simple(jpeg_quality=[75, np.nan], prior_jpeg_quality=[np.nan, 76], image_format=["JPEG", "PNG"])
    assert explain(resaved) == "first encoding: in the other an earlier compression shows"
    assert explain(simple(bits_per_pixel=[1.5, 2.25])) == "more bits a pixel (2.25 against 1.50)"
    assert explain(simple(size_bytes=[1, 7]), ["largest_file"]) == "larger file (7 against 1)"
    assert explain(simple(modified_at=[1, 1]), ["prefer_prefix"]) == "in a preferred prefix"
    assert explain(simple(modified_at=[1, 1])) == "first by path among equals"


def test_the_only_image_of_a_group_needs_no_rule() -> None:
    columns = simple(width_px=[5])
    assert explain_choice(columns, rank_images(columns, ALONE), 0, None) == "only image of its picture"


def test_every_rule_has_words_and_can_be_tried_alone() -> None:
    columns = simple(width_px=[10, 10], height_px=[10, 10])
    for rule in RULE_NAMES:
        ranking = rank_images(columns, np.zeros(2, dtype=np.int64), [rule])
        assert ranking.deciding_rule(0, 1) == BY_PATH


def test_of_equal_bytes_the_name_that_no_program_gave_to_a_copy_is_kept() -> None:
    names = ["x/a (1).jpg", "x/a - Copy.jpg", "y/a.jpg", "x/a (1) (1).jpg"]
    columns = simple(path=names, content=[1, 1, 1, 1], modified_at=[1, 2, 9, 3])
    ranking = rank_images(columns, np.zeros(4, np.int64))
    assert ranking.order[0] == 2
    assert "programs give to copies" in explain_choice(columns, ranking, 2, 0)


@pytest.mark.parametrize(
    ("names", "contents", "first"),
    [
        (["a (1).jpg", "a.jpg"], [1, 2], "a (1).jpg"),
        (["a (1).jpg", "b.jpg"], [1, 1], "a (1).jpg"),
        (["a (1).jpg", "a (2).jpg"], [1, 1], "a (1).jpg"),
    ],
    ids=["other bytes", "another name", "no plain name"],
)
def test_a_name_of_a_copy_is_a_name_like_others_where_the_plain_one_is_not_there(
    names: list[str], contents: list[int], first: str
) -> None:
    columns = simple(path=names, content=contents, modified_at=[1, 2])
    assert names[rank_images(columns, np.zeros(2, np.int64)).order[0]] == first


def test_a_preferred_prefix_and_other_rules_come_before_the_name() -> None:
    columns = simple(path=["x/a (1).jpg", "y/a.jpg"], content=[1, 1], modified_at=[1, 2])
    assert order(columns, ["prefer_prefix", "oldest"], ["x/"])[0] == 0
    assert order(columns, ["oldest"])[0] == 1
    assert order(columns, ["oldest", "plain_name"])[0] == 0
