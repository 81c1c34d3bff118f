import base64
import io
import json
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from PIL import Image

from dedup_assets.embedders.protocol import Image as Picture
from dedup_assets.embedders.sent_pictures import MOST_PICTURES, SenselessRequestError, TooManyPicturesError
from dedup_assets.stages.reading.isolated_decoding import SentPictures

Read = Callable[[bytes], list[Picture | None]]


@pytest.fixture(scope="module")
def read_apart() -> Iterator[Read]:
    """Reading as the service has it done: in a process of its own, whose memory it bounds."""
    with SentPictures() as pictures:
        yield lambda body: pictures.read(body).result()


def file_of(picture: Image.Image, image_format: str, **options: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, image_format, **options)
    return data.getvalue()


def request(*files: bytes) -> bytes:
    return json.dumps({"images": [base64.b64encode(data).decode() for data in files]}).encode()


def test_pictures_come_upright_on_their_ground_and_reduced(read_apart: Read) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    files = [
        file_of(Image.new("RGB", (800, 400), "red"), "PNG"),
        file_of(Image.new("RGB", (40, 20), "red"), "JPEG", exif=exif),
        file_of(Image.new("RGBA", (40, 20), (0, 0, 0, 0)), "WEBP"),
    ]
    large, turned, clear = read_apart(request(*files))
    assert large is not None
    assert large.shape == (128, 256, 3)
    assert turned is not None
    assert turned.shape == (40, 20, 3)
    assert clear is not None
    assert clear.min() == 255


def test_a_small_picture_keeps_every_pixel(read_apart: Read) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 200, 3)).astype(np.uint8)
    (read,) = read_apart(request(cv2.imencode(".png", noise[..., ::-1])[1].tobytes()))
    assert read is not None
    assert np.array_equal(read, noise)


@pytest.mark.parametrize(
    ("image_format", "mode", "side", "options"),
    [
        ("TIFF", "L", 25_000, {"compression": "tiff_adobe_deflate"}),
        ("PNG", "L", 15_000, {}),
        ("GIF", "P", 15_000, {}),
        ("WEBP", "RGB", 5_000, {"lossless": True}),
        ("JPEG2000", "RGB", 4_000, {}),
        ("JPEG", "L", 16_000, {"quality": 1, "progressive": True}),
    ],
)
def test_a_picture_that_declares_too_much_is_not_decoded(
    read_apart: Read, image_format: str, mode: str, side: int, options: dict[str, object]
) -> None:
    small = file_of(Image.new("RGB", (8, 8)), "PNG")
    bomb = file_of(Image.new(mode, (side, side)), image_format, **options)
    assert [picture is None for picture in read_apart(request(bomb, small))] == [True, False]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"images": {}}',
        b'{"images": "x"}',
        b'{"images":' + b"[" * 1_000_000,
        b'{"images":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
        b'{"images":' + b'{"a":' * 1_000_000,
    ],
    ids=lambda body: repr(body[:14]),
)
def test_what_is_no_request_is_told_what_was_expected(read_apart: Read, body: bytes) -> None:
    with pytest.raises(SenselessRequestError, match="expected"):
        read_apart(body)


@pytest.mark.parametrize("part", [b'""', b"1", b"[]"])
def test_a_request_of_too_many_parts_is_not_read(read_apart: Read, part: bytes) -> None:
    body = b'{"images": [' + b",".join([part] * 4_000_000) + b"]}"
    with pytest.raises(TooManyPicturesError, match=f"3,999,999 pictures came; {MOST_PICTURES} are allowed"):
        read_apart(body)


def test_what_is_no_picture_is_none(read_apart: Read) -> None:
    body: dict[str, list[object]] = {"images": ["", "no base64 !", None, 7, [], base64.b64encode(b"text").decode()]}
    assert read_apart(json.dumps(body).encode()) == [None] * 6
