"""What is opaque is compared, on a ground on which it can be seen; flattened copies are found on white and on black."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dedup_assets.calibration.seeing import hash_all, verifiable
from dedup_assets.kernels.candidates.near_contents import CandidateLimits, find_candidate_pairs
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import ImageDescription, describe_image
from dedup_assets.kernels.verify.cascade import verify_pair
from dedup_assets.kernels.verify.grounds import lay_on
from dedup_assets_tests.kernels.photographs import encode, load_photograph

LIMITS = CandidateLimits(40, 32, 96)
COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0), "gray": (128, 128, 128), "yellow": (250, 240, 60)}


def described(image: Image.Image, image_format: str = "PNG", **options: object) -> ImageDescription:
    return describe_image(encode(image, image_format, **options), DecodeLimits())


def are_one(left: ImageDescription, right: ImageDescription) -> bool:
    return verify_pair(verifiable(left), verifiable(right), "identity").verdict


def are_proposed(left: ImageDescription, right: ImageDescription) -> bool:
    return len(find_candidate_pairs(hash_all([left]), hash_all([right]), LIMITS).query) > 0


def icon(number: int, colour: tuple[int, ...], below: tuple[int, ...] = (255, 255, 255)) -> Image.Image:
    """One of three shapes on a transparent ground; `below` is the colour that a program left where nothing is seen."""
    image = Image.new("RGBA", (140, 120), (*below, 0))
    draw = ImageDraw.Draw(image)
    if number == 0:
        draw.ellipse((20, 10, 120, 110), outline=colour, width=12)
    elif number == 1:
        draw.polygon([(10, 60), (70, 10), (130, 60), (110, 112), (30, 112)], fill=colour)
    else:
        draw.rectangle((15, 15, 60, 100), fill=colour)
        draw.line((70, 100, 130, 20), fill=colour, width=14)
    return image


def cut_out(name: str = "astronaut.png") -> Image.Image:
    """A photograph within an ellipse."""
    image = load_photograph(name).resize((400, 400)).convert("RGBA")
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).ellipse((40, 20, 360, 390), fill=255)
    image.putalpha(mask)
    return image


def flattened(image: Image.Image, colour: str) -> Image.Image:
    ground = Image.new("RGBA", image.size, colour)
    return Image.alpha_composite(ground, image).convert("RGB")


@pytest.mark.parametrize("colour", COLOURS)
def test_icons_of_one_colour_are_told_apart_by_their_shape(colour: str) -> None:
    icons = [described(icon(number, (*COLOURS[colour], 255))) for number in range(3)]
    assert not any(are_one(icons[one], icons[other]) for one, other in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("image_format", ["WEBP", "TIFF", "AVIF"])
def test_an_icon_in_another_format_is_the_same_icon(colour: str, image_format: str) -> None:
    one = icon(1, (*COLOURS[colour], 255))
    assert are_one(described(one), described(one, image_format))
    assert are_proposed(described(one), described(one, image_format))


def test_what_lies_below_alpha_0_does_not_count() -> None:
    red, green = (described(icon(2, (255, 255, 255, 255), below)) for below in ((200, 0, 0), (0, 200, 0)))
    np.testing.assert_array_equal(red.gray_64, green.gray_64)
    assert red.thumbnail == green.thumbnail


@pytest.mark.parametrize("ground", ["white", "black"])
def test_a_flattened_copy_of_a_cut_out_photograph_is_found(ground: str) -> None:
    picture = cut_out()
    copy = described(flattened(picture, ground), "JPEG", quality=88)
    assert are_proposed(described(picture), copy)
    assert are_one(described(picture), copy)
    assert not are_one(described(cut_out("chelsea.png")), copy)


def test_a_white_icon_is_not_the_blank_page_that_it_gives_on_white() -> None:
    blank = described(Image.new("RGB", (140, 120), "white"))
    assert not are_one(described(icon(0, (255, 255, 255, 255))), blank)
    assert are_one(
        described(icon(0, (255, 255, 255, 255))), described(flattened(icon(0, (255, 255, 255, 255)), "black"))
    )


@pytest.mark.parametrize("mode", ["LA", "P"])
def test_gray_with_alpha_and_palettes_with_transparent_colours_are_transparent(mode: str) -> None:
    clear = described(icon(1, (255, 255, 255, 255)).convert(mode))
    assert (clear.ground_level, clear.alpha_thumbnail is None) == (0, False)
    assert are_one(clear, described(icon(1, (255, 255, 255, 255))))


def test_a_picture_of_nothing_is_white_and_an_opaque_one_has_no_ground() -> None:
    nothing = described(Image.new("RGBA", (90, 60), (0, 0, 0, 0)))
    assert (nothing.ground_level, nothing.gray_64.min()) == (255, 255)
    assert described(load_photograph().convert("RGBA")).ground_level is None


def test_on_another_ground_there_is_no_finer_record() -> None:
    seen = replace(
        verifiable(described(icon(1, COLOURS["black"]))), fine_gray=b"of the ground that it was described on"
    )
    assert seen.ground_level is not None
    assert lay_on(seen, seen.ground_level).fine_gray
    assert lay_on(seen, 255 - seen.ground_level).fine_gray is None
