"""Batches through a model that is a few lines of torch."""

import threading
from typing import Any

import numpy as np
import pytest

from dedup_assets.embedders.batching import BatchSizer
from dedup_assets.embedders.chain import EmbedderChoice
from dedup_assets.embedders.torch_embedder import TorchEmbedder
from dedup_assets.errors import EmbedderUnavailableError
from dedup_assets_tests.embedders.pictures import photographs

pytestmark = pytest.mark.models


class MeanColour:
    """Maps pictures to their mean colour, and runs out of memory beyond some pictures a batch."""

    def __init__(self, fits: int) -> None:
        self.fits = fits
        self.batches: list[int] = []

    def __call__(self, pixels: Any) -> Any:
        import torch

        if len(pixels) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.batches.append(len(pixels))
        return pixels.mean(dim=(2, 3))


def to_tensor(image: Any) -> Any:
    import torch

    return torch.from_numpy(np.asarray(image.resize((8, 8)), np.float32)).permute(2, 0, 1)


def embedder_of(model: MeanColour) -> TorchEmbedder:
    return TorchEmbedder("test", "mean", "1", 0.5, 0.9, model, to_tensor, "cpu", BatchSizer(first=16, largest=16))


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_no_picture_is_lost() -> None:
    images = photographs() * 10
    small, large = MeanColour(fits=5), MeanColour(fits=1_000)
    np.testing.assert_allclose(embedder_of(small).embed(images), embedder_of(large).embed(images), atol=1e-6)
    assert max(small.batches) == 4
    assert large.batches == [1, 16, 14]


def test_a_picture_that_does_not_fit_alone_makes_the_provider_unavailable() -> None:
    embedder = embedder_of(model := MeanColour(fits=1))
    model.fits = 0
    with pytest.raises(EmbedderUnavailableError, match="one picture does not fit"):
        embedder.embed(photographs())


def test_the_threads_that_prepare_pictures_end_with_the_use_of_the_provider() -> None:
    before = set(threading.enumerate())
    with EmbedderChoice(embedder_of(MeanColour(fits=1_000)), ()) as choice:
        choice.embedder.embed(photographs())
        started = set(threading.enumerate()) - before
    assert started
    assert not any(thread.is_alive() for thread in started)
