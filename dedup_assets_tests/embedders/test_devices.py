"""One process a device: real processes, each with a provider that needs no library."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dedup_assets.embedders.chain import EmbedderChoice
from dedup_assets.embedders.devices import ProcessesEmbedder, on_devices
from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.embedders.protocol import Embedder
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError
from dedup_assets_tests.embedders.pictures import photographs
from dedup_assets_tests.embedders.processes import is_any_alive, load_noting, processes_of


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
    settings = EmbedderSettings(model_cache=str(tmp_path), devices=["cpu", "cpu"])
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
    assert len(processes_of(tmp_path)) == 2
    assert os.getpid() not in processes_of(tmp_path)
    assert not is_any_alive(tmp_path)
    assert (two_processes.model, two_processes.dimension, two_processes.calls_at_once) == (local.model, 256, 2)


def test_processes_that_are_killed_make_the_provider_unavailable(
    two_processes: ProcessesEmbedder, tmp_path: Path
) -> None:
    for _ in range(2):
        two_processes.embed(photographs())
    for process in processes_of(tmp_path):
        os.kill(process, signal.SIGKILL)
    with pytest.raises(EmbedderUnavailableError, match="was ended from outside"):
        two_processes.embed(photographs())
    two_processes.close()


def test_the_processes_of_a_choice_end_with_its_use_also_after_an_error(
    two_processes: ProcessesEmbedder, tmp_path: Path
) -> None:
    for _ in range(2):
        two_processes.embed(photographs())
    assert is_any_alive(tmp_path)
    with pytest.raises(ZeroDivisionError, match="of whoever uses it"), EmbedderChoice(two_processes, ()):
        raise ZeroDivisionError("an error of whoever uses it")
    assert len(processes_of(tmp_path)) == 2
    assert not is_any_alive(tmp_path)


def test_a_device_on_which_the_model_does_not_load_is_named() -> None:
    settings = EmbedderSettings(devices=["cpu", "cuda:7"])
    with pytest.raises(EmbedderUnavailableError, match="on cuda:7: there is no such device"):
        on_devices(find, load_on_first_only)(settings)


def test_one_device_is_the_plain_provider_in_this_process() -> None:
    embedder = on_devices(find, load_on_first_only)(EmbedderSettings(devices=["cpu"]))
    assert type(embedder) is DifferenceHashEmbedder


def test_without_a_model_nothing_is_started() -> None:
    with pytest.raises(EmbedderUnavailableError, match="no checkpoint"):
        on_devices(find_none, load_noting)(EmbedderSettings(devices=["cpu", "cpu"]))
