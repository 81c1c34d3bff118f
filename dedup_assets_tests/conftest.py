"""What all tests share: an environment that names nothing of this machine, and small collections of generated pictures."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from PIL import Image

from dedup_assets.resources.collection import Collection
from dedup_assets.stages.workers.engine import Workers

pytest_plugins = ["dedup_assets_tests.azurite"]

CollectionOf = Callable[..., Collection]
MODEL_LIBRARIES = ("torch", "open_clip", "timm", "sentence_transformers")

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make golden` says, and nothing else does."""
    parser.addoption("--rewrite-golden", action="store_true", help="keep the reports of now as the golden ones")


def pytest_configure(config: pytest.Config) -> None:
    """Ignore the two warnings that the package ignores when it is imported: pytest forgets it from test to test."""
    config.addinivalue_line("filterwarnings", "ignore:Asset job .* materializes assets with varying BackfillPolicies")
    config.addinivalue_line("filterwarnings", "ignore::dagster.BetaWarning")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests on what is not here, files that cannot ship and libraries of models, and long ones that nobody asked for."""
    absent = [] if "more" in config.getoption("markexpr") else ["more"]
    absent += [] if "DEDUP_CORPUS" in os.environ else ["corpus"]
    absent += ["without_models" if all(map(find_spec, MODEL_LIBRARIES)) else "models"]
    needing = {item for item in items for marker in absent if item.get_closest_marker(marker)}
    config.hook.pytest_deselected(items=[item for item in items if item in needing])
    items[:] = [item for item in items if item not in needing]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test works on what the environment of the person who runs it names, and what it sets there is undone."""
    for name in [name for name in os.environ if name.startswith(("DEDUP_", "DAGSTER_")) and name != "DEDUP_CORPUS"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")


@pytest.fixture
def collection_of(tmp_path: Path) -> CollectionOf:
    """Make a collection of a folder with the given files, by their paths; its tables lie beside it. More files may follow."""

    def make(files: Mapping[str, bytes], prefix_depth: int = 1, **settings: Any) -> Collection:
        source = tmp_path / "photographs"
        write_files(source, files)
        return Collection(
            source=str(source), store=str(tmp_path / "store"), prefix_depth=prefix_depth, workers=1, **settings
        )

    return make


@pytest.fixture(scope="session")
def described_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a collection whose images have been read: nobody writes to it."""
    from dedup_assets_tests.described import DESCRIBED_FILES, describe

    folder = tmp_path_factory.mktemp("described")
    write_files(folder / "photographs", DESCRIBED_FILES)
    describe(Collection(source=str(folder / "photographs"), store=str(folder / "store"), workers=1))
    return folder


@pytest.fixture
def described(described_once: Path, tmp_path: Path) -> Collection:
    """A collection of `DESCRIBED_FILES` with its manifest and features; the tables are the test's own."""
    shutil.copytree(described_once / "store", tmp_path / "store")
    return Collection(source=str(described_once / "photographs"), store=str(tmp_path / "store"), workers=1)


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Two processes, which are started when they are needed."""
    with Workers(2) as workers:
        yield workers


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, by their paths relative to it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


@pytest.fixture(autouse=True)
def _pillow_keeps_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding sets the limit of the whole process: a small one must not outlive its test."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
