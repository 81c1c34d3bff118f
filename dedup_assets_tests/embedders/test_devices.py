"""One process a device: real processes, each with a provider that needs no library."""

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from dedup_assets.embedders.chain import EmbedderChoice, fall_back
from dedup_assets.embedders.devices import ProcessesEmbedder, on_devices
from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.embedders.protocol import Embedder, EmbedderUnavailableError, Image, Vectors
from dedup_assets.embedders.settings import EmbedderSettings
from dedup_assets_tests.embedders.pictures import photographs


class NotingEmbedder(DifferenceHashEmbedder):
    """Leaves the number of its process in a folder that the settings name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def embed(self, images: Sequence[Image]) -> Vectors:
        (self.folder / str(os.getpid())).touch()
        return super().embed(images)


def load_noting(settings: EmbedderSettings, device: str) -> Embedder:
    return NotingEmbedder(Path(settings.model_cache))


def load_on_first_only(settings: EmbedderSettings, device: str) -> Embedder:
    if device != "cpu":
        raise EmbedderUnavailableError("there is no such device")
    return DifferenceHashEmbedder()


def find_none(settings: EmbedderSettings) -> object:
    raise EmbedderUnavailableError("no checkpoint is configured")


def find(settings: EmbedderSettings) -> object:
    return None


@pytest.fixture
def two_processes(tmp_path: Path) -> ProcessesEmbedder:
    settings = EmbedderSettings(model_cache=str(tmp_path), devices=("cpu", "cpu"))
    embedder = on_devices(find, load_noting)(settings)
    assert isinstance(embedder, ProcessesEmbedder)
    return embedder


def test_two_devices_share_the_calls_and_give_the_vectors_of_one(
    two_processes: ProcessesEmbedder, tmp_path: Path
) -> None:
    local = DifferenceHashEmbedder()
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(two_processes.embed, [photographs()] * 8))
    two_processes.close()
    for part in parts:
        np.testing.assert_array_equal(part, local.embed(photographs()))
    processes = {int(path.name) for path in tmp_path.iterdir()}
    assert len(processes) == 2
    assert os.getpid() not in processes
    assert not any(psutil.pid_exists(process) for process in processes)
    assert (two_processes.model, two_processes.dimension, two_processes.calls_at_once) == (local.model, 256, 2)


def test_processes_that_are_killed_make_the_provider_unavailable(
    two_processes: ProcessesEmbedder, tmp_path: Path
) -> None:
    for _ in range(2):
        two_processes.embed(photographs())
    for path in tmp_path.iterdir():
        os.kill(int(path.name), signal.SIGKILL)
    with pytest.raises(EmbedderUnavailableError, match="was ended from outside"):
        two_processes.embed(photographs())
    two_processes.close()


def test_the_processes_of_a_provider_that_stopped_working_are_ended_before_the_next_one_is_tried(
    two_processes: ProcessesEmbedder, tmp_path: Path
) -> None:
    for _ in range(2):
        two_processes.embed(photographs())
    stopped = EmbedderUnavailableError("one of its processes ended")
    after = fall_back(EmbedderChoice(two_processes, ()), stopped, ["dhash", "descriptor"], EmbedderSettings())
    assert after.embedder.name == "descriptor"
    assert not any(psutil.pid_exists(int(path.name)) for path in tmp_path.iterdir())


def test_a_device_on_which_the_model_does_not_load_is_named() -> None:
    settings = EmbedderSettings(devices=("cpu", "cuda:7"))
    with pytest.raises(EmbedderUnavailableError, match="on cuda:7: there is no such device"):
        on_devices(find, load_on_first_only)(settings)


def test_one_device_is_the_plain_provider_in_this_process() -> None:
    embedder = on_devices(find, load_on_first_only)(EmbedderSettings(devices=("cpu",)))
    assert type(embedder) is DifferenceHashEmbedder


def test_without_a_model_nothing_is_started() -> None:
    with pytest.raises(EmbedderUnavailableError, match="no checkpoint"):
        on_devices(find_none, load_noting)(EmbedderSettings(devices=("cpu", "cpu")))
