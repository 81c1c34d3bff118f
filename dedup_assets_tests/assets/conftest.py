"""Collections that the first stages have worked on already, and one PostgreSQL for those that store vectors."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from PIL.PngImagePlugin import PngInfo

from dedup_assets.assets import embeddings
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets_tests.assets.stages import GROUPING, Stages, copy_of, stages_in
from dedup_assets_tests.conftest import CollectionOf, write_files
from dedup_assets_tests.photographs import jpeg, make_photograph, png, scaled
from dedup_assets_tests.pipeline.collections import cropped
from dedup_assets_tests.pipeline.conftest import remove_server

StagesOf = Callable[..., Stages]


def drawn(number: int, share: float = 1.0) -> bytes:
    """A generated picture with its recipe: one recipe whatever the picture and its size."""
    picture, text = scaled(make_photograph(number), share), PngInfo()
    size = f"{picture.shape[1]}x{picture.shape[0]}"
    text.add_text("parameters", f"a shoe\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: {size}, Model: shoes")
    return png(picture, pnginfo=text)


GROUPED_FILES = {
    "shop/blue.jpg": jpeg(make_photograph(4)),
    "shop/drawn original.png": drawn(2, 0.5),
    "shop/half.jpg": jpeg(make_photograph(5))[:2_000],
    "shop/red.jpg": jpeg(make_photograph(1)),
    "web/drawn final.png": drawn(2),
    "web/drawn other.png": drawn(3),
    "web/red again.jpg": jpeg(make_photograph(1)),
    "web/red cropped.jpg": jpeg(cropped(make_photograph(1), 0.3)),
    "web/red small.jpg": jpeg(scaled(make_photograph(1), 0.5), quality=80),
}
"""A picture in four files, of which one is an equal file and one a crop; three pictures of one recipe, two of them the
same; a picture of its own; and half a file."""


@pytest.fixture
def stages_of(collection_of: CollectionOf) -> StagesOf:
    """Make the stages over a folder with the given files; nothing has run yet."""

    def make(files: Mapping[str, bytes], **settings: Any) -> Stages:
        return Stages(collection_of(files, **settings))

    return make


@pytest.fixture(scope="session")
def grouped_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a collection whose images are grouped: nobody writes to it."""
    folder = tmp_path_factory.mktemp("grouped")
    write_files(folder / "photographs", GROUPED_FILES)
    stages_in(folder).run(*GROUPING)
    return folder


@pytest.fixture
def grouped(grouped_once: Path, tmp_path: Path) -> Stages:
    """The test's own collection of `GROUPED_FILES`, with all tables up to representatives."""
    return copy_of(grouped_once, tmp_path / "grouped")


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """One server, in a folder that its account may enter, which pytest's own is not for root."""
    with tempfile.TemporaryDirectory(prefix="dedup-postgres-") as folder:
        Path(folder).chmod(0o711)
        running = EmbeddedPostgres.start(Path(folder) / "assets")
        yield running
        remove_server(running)


@contextmanager
def new_database(server: EmbeddedPostgres) -> Iterator[str]:
    """The address of a fresh database, which DATABASE_URL names meanwhile."""
    name = f"assets_{uuid4().hex}"
    with psycopg.connect(server.conninfo, autocommit=True) as admin, pytest.MonkeyPatch.context() as environment:
        admin.execute(f"CREATE DATABASE {name}".encode())
        url = f"postgresql://postgres@/{name}?host={server.socket_directory}"
        environment.setenv("DATABASE_URL", url)
        yield url
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database_url(server: EmbeddedPostgres) -> Iterator[str]:
    """A database of the test's own."""
    with new_database(server) as url:
        yield url


@pytest.fixture(scope="session")
def embedded_once(grouped_once: Path, server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same collection with vectors: nobody writes to it."""
    folder = tmp_path_factory.mktemp("embedded") / "collection"
    with new_database(server):
        copy_of(grouped_once, folder).run(embeddings)
    return folder


@pytest.fixture
def embedded(embedded_once: Path, tmp_path: Path) -> Stages:
    """The test's own collection of `GROUPED_FILES`, with all tables up to embeddings."""
    return copy_of(embedded_once, tmp_path / "embedded")
