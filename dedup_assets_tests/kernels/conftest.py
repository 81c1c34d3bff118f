"""What all tests of kernels share."""

import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _pillow_keeps_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding sets the limit of the whole process: a small one must not outlive its test."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
