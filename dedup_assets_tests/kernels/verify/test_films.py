"""Films and documents stay apart by their further frames, and one that was encoded anew stays one."""

import pytest
from PIL import Image, ImageFilter

from dedup_assets.calibration.seeing import verifiable
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import describe_image
from dedup_assets.kernels.verify.cascade import verify_pair
from dedup_assets.kernels.verify.evidence import PairEvidence, VerifiableImage
from dedup_assets.kernels.verify.films import contradict_further
from dedup_assets_tests.kernels.films import Frames, faded_in, film, moving_view, page_of_words
from dedup_assets_tests.kernels.photographs import encode, load_photograph

VIEW = moving_view()
PAGES = [page_of_words(seed) for seed in (1, 2, 3)]
REENCODED: dict[str, bytes] = {
    "WebP": film(VIEW, "WEBP", quality=60),
    "APNG": film(VIEW, "PNG"),
    "AVIF": film(VIEW, "AVIF"),
    "half as large": film([frame.resize((150, 110)) for frame in VIEW], "GIF"),
    "every second frame": film(VIEW[::2], "GIF", duration=160),
}


def seen(data: bytes) -> VerifiableImage:
    return verifiable(describe_image(data, DecodeLimits()))


def judged(left: bytes, right: bytes) -> PairEvidence:
    return verify_pair(seen(left), seen(right), "identity")


@pytest.mark.parametrize("how", REENCODED)
def test_a_film_that_was_encoded_anew_is_the_same_film(how: str) -> None:
    assert judged(film(VIEW, "GIF"), REENCODED[how]).verdict


def test_a_film_of_a_mist_is_one_where_a_palette_took_its_shades_and_two_where_it_goes_on_otherwise() -> None:
    misty = [frame.filter(ImageFilter.GaussianBlur(5)).point(lambda level: 170 + level // 8) for frame in VIEW]
    palette, webp = seen(film(misty, "GIF")), seen(film(misty, "WEBP", quality=70))
    assert not contradict_further(palette, webp, 16)
    backwards = seen(film([misty[0], *misty[:0:-1]], "WEBP", quality=70))
    assert contradict_further(palette, backwards, 16)


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP"])
def test_films_that_begin_alike_are_two(image_format: str) -> None:
    backwards = [VIEW[0], *VIEW[:0:-1]]
    assert judged(film(VIEW, image_format), film(backwards, image_format)).decided_by == "frames"
    fades = [film(faded_in(name), image_format) for name in ("chelsea.png", "astronaut.png")]
    assert judged(*fades).decided_by == "frames"


def test_one_frame_that_was_changed_between_those_that_are_looked_at_makes_another_film() -> None:
    changed: Frames = [*VIEW[:6], Image.new("RGB", VIEW[0].size, "red"), *VIEW[7:]]
    assert judged(film(VIEW, "PNG"), film(changed, "PNG")).decided_by == "frames"


def test_documents_of_one_cover_are_two_and_one_that_was_scanned_anew_is_one() -> None:
    contract = film(PAGES, "TIFF", compression="tiff_lzw")
    for others in ([PAGES[0], PAGES[1], page_of_words(9)], [PAGES[0], page_of_words(9), PAGES[2]], PAGES[:2]):
        assert judged(contract, film(others, "TIFF", compression="tiff_lzw")).decided_by == "frames"
    fax = [page.convert("1") for page in PAGES]
    assert judged(contract, film(fax, "TIFF", compression="group4")).decided_by != "frames"


def test_a_still_is_one_with_its_film_unless_it_is_larger() -> None:
    assert judged(film(VIEW, "GIF"), encode(VIEW[0], "PNG")).verdict
    assert judged(film(VIEW, "GIF"), encode(VIEW[0].resize((600, 440)), "PNG")).decided_by == "frames"


def test_stills_are_compared_as_before() -> None:
    photograph = load_photograph()
    assert judged(encode(photograph, "PNG"), encode(photograph, "GIF")).verdict
