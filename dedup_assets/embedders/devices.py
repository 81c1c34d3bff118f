"""A model on several devices: one process each, as one process cannot keep two GPUs busy.

Belongs here: starting the processes, giving each its share, and ending them. Does not belong here: any model.

On one device the model runs in this process, with nothing in between.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from queue import SimpleQueue

from dedup_assets.embedders.checkpoints import available_devices
from dedup_assets.embedders.protocol import Embedder, Image, Vectors
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError

Find = Callable[[EmbedderSettings], object]
Load = Callable[[EmbedderSettings, str], Embedder]


class ProcessesEmbedder:
    """One provider in several processes; each call of `embed` goes to a process that has the least to do."""

    def __init__(self, load: Load, settings: EmbedderSettings, devices: Sequence[str]) -> None:
        """Start one process a device; `load` is a function of a module, as the processes import it.

        Raises:
            EmbedderUnavailableError: the model cannot be loaded on one of them.
        """
        fresh = multiprocessing.get_context("spawn")  # a forked process must not use CUDA
        self._pools = [ProcessPoolExecutor(1, fresh) for _ in devices]
        asked = [
            pool.submit(_load_here, load, settings, device) for pool, device in zip(self._pools, devices, strict=True)
        ]
        try:
            described, *_ = [future.result() for future in asked]
        except (BrokenProcessPool, EmbedderUnavailableError) as error:
            self.close()
            ended_at_once = "a process that should have loaded the model ended at once"
            raise EmbedderUnavailableError(ended_at_once if isinstance(error, BrokenProcessPool) else error) from None
        self.name, self.model, self.revision, self.dimension = described[:4]
        self.min_copy_cosine, self.min_similar_cosine, calls_at_once = described[4:]
        self.calls_at_once = calls_at_once * len(self._pools)
        self._idle: SimpleQueue[ProcessPoolExecutor] = SimpleQueue()
        for pool in calls_at_once * self._pools:
            self._idle.put(pool)

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed RGB pictures (h, w, 3) in one of the processes: (n, dimension) float32.

        Raises:
            EmbedderUnavailableError: the model stopped working, or its process was ended.
        """
        pool = self._idle.get()
        try:
            return pool.submit(_embed_here, list(images)).result()
        except BrokenProcessPool:
            raise EmbedderUnavailableError(f"a process with {self.model} was ended from outside") from None
        finally:
            self._idle.put(pool)

    def close(self) -> None:
        """End the processes."""
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)


def on_devices(find: Find, load: Load) -> Callable[[EmbedderSettings], Embedder]:
    """A provider that runs on all configured devices, or on all there are; `find` says first whether there is a model."""

    def load_on_all(settings: EmbedderSettings) -> Embedder:
        find(settings)
        devices = settings.devices or available_devices()
        return load(settings, devices[0]) if len(devices) == 1 else ProcessesEmbedder(load, settings, devices)

    return load_on_all


_loaded: Embedder


def _load_here(load: Load, settings: EmbedderSettings, device: str) -> tuple[str, str, str, int, float, float, int]:
    """Load, once a process, and say what was loaded."""
    global _loaded
    try:
        _loaded = one = load(settings, device)
    except EmbedderUnavailableError as error:
        raise EmbedderUnavailableError(f"on {device}: {error}") from None
    return (
        one.name, one.model, one.revision, one.dimension, one.min_copy_cosine, one.min_similar_cosine, one.calls_at_once
    )  # fmt: skip


def _embed_here(images: list[Image]) -> Vectors:
    return _loaded.embed(images)
