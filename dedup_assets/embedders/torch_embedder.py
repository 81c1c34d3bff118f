"""What the providers that run a torch model share: the device, half precision, batches that fit.

Belongs here: moving batches of pictures through a model. Does not belong here: which model (`open_clip.py`, `timm.py`).
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from dedup_assets.embedders.protocol import EmbedderUnavailableError, Image, Vectors, normalized
from dedup_assets.embedders.settings import EmbedderSettings

REVISION_LENGTH = 16


@dataclass
class TorchEmbedder:
    """A loaded model as a provider.

    `forward` maps a tensor (n, 3, s, s) to one (n, dimension), `preprocess` a PIL image to a tensor (3, s, s).
    On a GPU it runs in half precision, and a batch that does not fit its memory is halved until it does.
    """

    name: str
    model: str
    revision: str
    min_copy_cosine: float
    min_similar_cosine: float
    forward: Callable[[Any], Any]
    preprocess: Callable[[Any], Any]
    device: str
    batch_size: int
    dimension: int = 0

    def __post_init__(self) -> None:
        """Learn the dimension by embedding one gray picture, which also proves that the model works."""
        self.dimension = self._run([np.full((64, 64, 3), 127, np.uint8)]).shape[1]

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed RGB pictures (h, w, 3): (n, dimension) float32, NaN where the model gave nothing finite.

        Raises:
            EmbedderUnavailableError: not even one picture fits the GPU's memory.
        """
        vectors = np.empty((len(images), self.dimension), np.float32)
        start = 0
        while start < len(images):
            batch = images[start : start + self.batch_size]
            computed = self._run_if_it_fits(batch)
            if computed is None:
                self.batch_size = max(1, len(batch) // 2)
                continue
            vectors[start : start + len(batch)] = computed
            start += len(batch)
        return normalized(vectors)

    def _run_if_it_fits(self, batch: Sequence[Image]) -> Vectors | None:
        torch = import_extra("torch", "clip")
        try:
            return self._run(batch)
        except torch.cuda.OutOfMemoryError:
            if len(batch) == 1:
                raise EmbedderUnavailableError("one picture does not fit the GPU's memory") from None
            torch.cuda.empty_cache()
            return None

    def _run(self, batch: Sequence[Image]) -> Vectors:
        torch = import_extra("torch", "clip")
        from PIL import Image as PillowImage

        pixels = torch.stack([self.preprocess(PillowImage.fromarray(image)) for image in batch])
        kind = self.device.split(":")[0]
        with torch.inference_mode(), torch.autocast(kind, torch.float16, enabled=kind == "cuda"):
            return np.asarray(self.forward(pixels.to(self.device)).float().cpu().numpy(), np.float32)


def import_extra(module: str, extra: str) -> Any:
    """Import a module that comes with an optional extra of the install.

    Raises:
        EmbedderUnavailableError: it is not installed, or does not import.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise EmbedderUnavailableError(
            f"{error.name} is not installed (pip install 'dedup-assets[{extra}]')"
        ) from error
    except (ImportError, OSError) as error:
        raise EmbedderUnavailableError(f"{module} does not import: {error}") from error


def choose_device(wanted: str) -> str:
    """`wanted`, or else the first GPU of this machine, or else the CPU."""
    return wanted or ("cuda" if import_extra("torch", "clip").cuda.is_available() else "cpu")


def find_checkpoint(checkpoint: str, settings: EmbedderSettings) -> str:
    """Return the revision of a checkpoint: the SHA-256 of a local file, or the name of one that may be downloaded.

    Raises:
        EmbedderUnavailableError: none is configured, or it is no local file and nothing may be downloaded.
    """
    if not checkpoint:
        raise EmbedderUnavailableError("no checkpoint is configured")
    if Path(checkpoint).is_file():
        with Path(checkpoint).open("rb") as file:
            return _digest(file.read)
    if not settings.allow_download:
        raise EmbedderUnavailableError(f"'{checkpoint}' is no local file, and allow_download is not set")
    return checkpoint


def _digest(read: Callable[[int], bytes]) -> str:
    digest = sha256()
    while block := read(1 << 20):
        digest.update(block)
    return digest.hexdigest()[:REVISION_LENGTH]
