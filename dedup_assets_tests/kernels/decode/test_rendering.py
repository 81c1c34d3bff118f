"""Colours as a viewer shows them."""

import struct

import numpy as np
from PIL import Image, ImageCms

from dedup_assets.kernels.decode.rendering import BLACK, render_on_ground, render_pixels, render_rgb
from dedup_assets_tests.kernels.photographs import load_photograph, mean_difference

SRGB_PRIMARIES = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7141),
    b"wtpt": (0.9642, 1.0, 0.8249),
}


def make_profile(gamma: float, name: bytes) -> bytes:
    """Return an ICC profile (version 2) with the primaries of sRGB and a plain power curve."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {key: b"XYZ " + bytes(4) + b"".join(map(fixed, xyz)) for key, xyz in SRGB_PRIMARIES.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0\0\0\0"
    tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name + bytes(79 + (-len(name)) % 4)
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", offset + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    size = struct.pack(">I", offset + len(body))
    head = size + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    white = b"".join(map(fixed, SRGB_PRIMARIES[b"wtpt"]))
    return (head + white).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def test_linear_light_is_brightened_to_srgb() -> None:
    gray = Image.new("RGB", (4, 4), (55, 55, 55))
    shown = render_rgb(gray, make_profile(1.0, b"linear"))
    assert np.abs(shown.astype(int) - 128).max() <= 2


def test_pixels_and_images_are_shown_alike() -> None:
    photograph, profile = load_photograph(), make_profile(1.8, b"old screen")
    np.testing.assert_array_equal(render_pixels(np.array(photograph), profile), render_rgb(photograph, profile))


def test_gray_pixels_have_three_equal_channels_and_colour_is_not_copied() -> None:
    colour = np.array(load_photograph())
    gray = np.array(load_photograph().convert("L"))
    np.testing.assert_array_equal(render_pixels(gray, None), render_rgb(Image.fromarray(gray), None))
    assert render_pixels(colour, None) is colour
    assert render_pixels(colour, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()) is colour


def test_a_profile_that_is_srgb_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photograph = load_photograph()
    np.testing.assert_array_equal(render_rgb(photograph, profile), np.asarray(photograph))


def test_a_broken_profile_and_one_for_other_colours_are_ignored() -> None:
    photograph = load_photograph()
    np.testing.assert_array_equal(render_rgb(photograph, b"no profile at all"), np.asarray(photograph))
    gray = photograph.convert("L")
    expected = np.asarray(gray.convert("RGB"))
    np.testing.assert_array_equal(render_rgb(gray, make_profile(1.0, b"linear")), expected)


def test_transparency_lies_over_white_and_survives_a_profile() -> None:
    picture = Image.new("RGBA", (3, 1), (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    picture.putpixel((2, 0), (0, 0, 0, 128))
    for profile in (None, make_profile(1.0, b"linear")):
        assert render_rgb(picture, profile)[0, :, 0].tolist() == [0, 255, 127]


def test_the_ground_that_is_told_is_the_one_that_is_shown_through_where_a_profile_decides_it() -> None:
    picture = Image.new("RGBA", (20, 20), (190, 190, 190, 0))
    picture.paste((190, 190, 190, 255), (5, 5, 15, 15))
    for profile in (None, make_profile(0.6, b"dark")):
        shown, level = render_on_ground(picture, profile)
        assert level == shown[0, 0, 0]
    assert level == BLACK


def test_lab_is_shown_in_its_colours() -> None:
    photograph = load_photograph()
    lab = ImageCms.applyTransform(
        photograph, ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    )
    assert lab is not None
    assert mean_difference(render_rgb(lab, None), np.asarray(photograph)) < 3
