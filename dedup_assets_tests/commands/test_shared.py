"""What a person is told of a store into which nothing was run, and where the secret of an address goes."""

import os
from pathlib import Path

import pytest

from dedup_assets.commands.shared import without_secret
from dedup_assets_tests.pipeline.commands import dedup_assets


@pytest.mark.parametrize("command", [["ui"], ["organize"], ["similar", "a.jpg"], ["decide", "list"]])
def test_a_store_into_which_nothing_was_run_is_told(tmp_path: Path, command: list[str]) -> None:
    store = tmp_path / "store"
    said = dedup_assets(*command, "--store", store)
    assert said.code == 1
    assert said.sentence == f"Nothing was ever run into {store}: do `dedup-assets run SOURCE --store {store}` first."
    assert not store.exists()


def test_the_secret_of_an_address_goes_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "")
    assert without_secret("az://account/photos?sig=hunter2") == "az://account/photos"
    assert os.environ["AZURE_STORAGE_SAS_TOKEN"] == "sig=hunter2"
    assert without_secret("az://account/photos") == "az://account/photos"
    assert os.environ["AZURE_STORAGE_SAS_TOKEN"] == "sig=hunter2"
