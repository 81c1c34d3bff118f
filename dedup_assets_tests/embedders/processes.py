"""Providers for processes of their own, which leave the numbers of these; they need no library."""

import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.embedders.protocol import Embedder, Image, Vectors
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError


class NotingEmbedder(DifferenceHashEmbedder):
    """Leaves the number of its process in a folder that the settings name."""

    def __init__(self, folder: Path, failure: Exception | None = None) -> None:
        self.folder, self.failure = folder, failure

    def embed(self, images: Sequence[Image]) -> Vectors:
        (self.folder / str(os.getpid())).touch()
        if self.failure:
            raise self.failure
        return super().embed(images)


def load_noting(settings: EmbedderSettings, device: str) -> Embedder:
    return NotingEmbedder(Path(settings.model_cache))


def load_stopping(settings: EmbedderSettings, device: str) -> Embedder:
    return NotingEmbedder(Path(settings.model_cache), EmbedderUnavailableError("no memory is left"))


def load_faulty(settings: EmbedderSettings, device: str) -> Embedder:
    return NotingEmbedder(Path(settings.model_cache), ZeroDivisionError("a fault of ours"))


def processes_of(folder: Path) -> list[int]:
    """The numbers of all processes that embedded anything."""
    return [int(path.name) for path in folder.iterdir()]


def is_any_alive(folder: Path) -> bool:
    return any(psutil.pid_exists(process) for process in processes_of(folder))
