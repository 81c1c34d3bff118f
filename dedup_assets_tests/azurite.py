"""A real Azurite, the blob service's emulator, for the tests.

Belongs here: starting it, and fresh containers. Does not belong here: tests.
"""

import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.blob import ContainerClient

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's own account and key, the same everywhere and published by Microsoft: no secret."""

_START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Azurite:
    """A running emulator."""

    port: int
    account: str = ACCOUNT
    key: str = field(default=KEY, repr=False)

    @property
    def account_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.account}"

    @property
    def connection_string(self) -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.account};AccountKey={self.key};"
            f"BlobEndpoint={self.account_url};"
        )

    def container(self, name: str = "") -> ContainerClient:
        """Create a container, which must not exist, and return its client; without a name, one of its own."""
        client = ContainerClient(
            self.account_url,
            name or f"test-{uuid.uuid4().hex[:12]}",
            credential=AzureNamedKeyCredential(self.account, self.key),
        )
        client.create_container()
        return client


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """An emulator for the whole session."""
    with running_azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture
def azurite_credentials(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Azurite:
    """The emulator, with its connection string, and no other credential, in the environment."""
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection_string)
    return azurite


@contextmanager
def running_azurite(directory: Path, account: str = ACCOUNT) -> Iterator[Azurite]:
    """An emulator that keeps its data in the folder and knows this account, by KEY."""
    port = _free_port()
    arguments = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(directory)]
    flags = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    with (directory / "azurite.log").open("wb") as log:
        environment = os.environ | {"AZURITE_ACCOUNTS": f"{account}:{KEY}"}
        process = subprocess.Popen(
            ["node", str(_program()), *arguments, *flags], env=environment, stdout=log, stderr=log
        )
        try:
            _wait_for(process, port, directory / "azurite.log")
            yield Azurite(port, account)
        finally:
            process.kill()
            process.wait()


def _program() -> Path:
    home = os.environ.get("AZURITE_HOME") or Path(__file__).parent.parent / ".cache" / "azurite"
    program = Path(home) / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    if not program.is_file():
        pytest.fail(
            f"Azurite is not installed at {program}: run `make setup-test`, or set AZURITE_HOME.", pytrace=False
        )
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Azurite did not start:\n{log.read_text()}", pytrace=False)
