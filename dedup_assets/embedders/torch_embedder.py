"""What the providers that run a torch model share: the device, half precision, batches that fit, preparing ahead.

Belongs here: moving batches of pictures through a model. Does not belong here: which model (`open_clip.py`, `timm.py`), or
where its parameters come from (`checkpoints.py`).
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np

from dedup_assets.embedders.batching import BatchSizer
from dedup_assets.embedders.checkpoints import import_extra
from dedup_assets.embedders.protocol import Image, Vectors, normalized
from dedup_assets.errors import EmbedderUnavailableError

PREPARING_THREADS = min(16, os.cpu_count() or 1)
CALLS_AT_ONCE = 2
"""While the pictures of one call are on the device, those of the next are prepared."""


@dataclass
class TorchEmbedder:
    """A loaded model as a provider.

    `forward` maps a tensor (n, 3, s, s) to one (n, dimension), `preprocess` a PIL image to a tensor (3, s, s). On a GPU it
    runs in half precision. The batch size is found while working: vectors of other batch sizes differ in the last bits.
    """

    name: str
    model: str
    revision: str
    min_copy_cosine: float
    min_similar_cosine: float
    forward: Callable[[Any], Any]
    preprocess: Callable[[Any], Any]
    device: str
    batches: BatchSizer = field(default_factory=BatchSizer)
    dimension: int = 0
    calls_at_once: int = CALLS_AT_ONCE

    def __post_init__(self) -> None:
        """Learn the dimension by embedding one gray picture, which also proves that the model works."""
        self._torch = import_extra("torch", "clip")
        self._device_is_free = Lock()
        self._preparing = ThreadPoolExecutor(PREPARING_THREADS)
        self.dimension = self.run(self._prepare(np.full((64, 64, 3), 127, np.uint8))[None]).shape[1]

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed RGB pictures (h, w, 3): (n, dimension) float32, NaN where the model gave nothing finite.

        Raises:
            EmbedderUnavailableError: not even one picture fits the GPU's memory.
        """
        prepared = list(self._preparing.map(self._prepare, images))
        with self._device_is_free:
            parts = [np.empty((0, self.dimension), np.float32), *self._batches_of(prepared)]
        return normalized(np.concatenate(parts))

    def close(self) -> None:
        """End the threads that prepare pictures."""
        self._preparing.shutdown(cancel_futures=True)

    def run(self, pixels: Any) -> Vectors:
        """One forward pass over a tensor (n, 3, s, s): (n, dimension) float32, of any length."""
        kind = self.device.split(":")[0]
        with self._torch.inference_mode(), self._torch.autocast(kind, self._torch.float16, enabled=kind == "cuda"):
            return np.asarray(self.forward(pixels.to(self.device)).float().cpu().numpy(), np.float32)

    def _prepare(self, image: Image) -> Any:
        from PIL import Image as PillowImage

        return self.preprocess(PillowImage.fromarray(image))

    def _batches_of(self, prepared: Sequence[Any]) -> Iterator[Vectors]:
        start = 0
        while start < len(prepared):
            batch = prepared[start : start + self.batches.size]
            computed = self._run_if_it_fits(batch)
            if computed is not None:
                start += len(batch)
                yield computed

    def _run_if_it_fits(self, batch: Sequence[Any]) -> Vectors | None:
        began = time.perf_counter()
        try:
            computed = self.run(self._torch.stack(list(batch)))
        except self._torch.OutOfMemoryError:
            if len(batch) == 1:
                raise EmbedderUnavailableError("one picture does not fit the GPU's memory") from None
            self._torch.cuda.empty_cache()
            self.batches.out_of_memory(len(batch))
            return None
        self.batches.note(len(batch), time.perf_counter() - began)
        return computed
