import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from dedup_assets.kernels.decode.first_bytes import FIRST_BYTES, announces_image

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8))
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "ICO", "PPM", "JPEG2000", "AVIF", "HEIF", "QOI")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_that_is_written_here_announces_itself(name: str) -> None:
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    PICTURE.save(out, name)
    assert announces_image(out.getvalue()[:FIRST_BYTES])


@pytest.mark.parametrize(
    "start",
    [
        b"", b"\0", bytes(64), b"Photographs of our summer.\n", b"BMW and other cars\n", b"P1 is the first point\n", b"%PDF-1.7\n",
        b"<svg xmlns=", b"PK\x03\x04", b"\x1f\x8b\x08", b"\0\0\0\x20ftypisom\0\0\2\0", b"\0\0\0\x14ftypqt  ", b"\xff\xd8",
        b"\0\5\x16\7\0\2\0\0Mac OS X        ", b"RIFF\x10\0\0\0WAVEfmt ", b"\xff\xfea\0b\0", b"\x7fELF\2\1\1", b"GIF",
    ],
)  # fmt: skip
def test_other_files_do_not(start: bytes) -> None:
    assert not announces_image(start)
