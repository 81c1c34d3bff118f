"""The real Dagster UI over a store, with its daemon, and asking it.

Belongs here: starting, asking and ending it. Does not belong here: tests.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PATIENCE_S = 180


class Server:
    """A running `dedup-assets ui`."""

    def __init__(self, port: int, source: Path, process: "subprocess.Popen[bytes]") -> None:
        self.url, self.source, self.process = f"http://127.0.0.1:{port}", source, process

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            document = json.load(answer)
        assert "errors" not in document, document
        return document["data"]

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/server_info", timeout=2):
                return True
        except OSError:
            return False


def wait_for(what: Any, seconds: float = PATIENCE_S) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError("It did not happen in time.")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def serving(store: Path, source: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """`dedup-assets ui` over a store while inside; what it says stands in `ui.log` beside that."""
    port = free_port()
    program = [sys.executable, "-m", "dedup_assets.cli", "ui", "--store", str(store), "--port", str(port)]
    with (store.parent / "ui.log").open("ab") as log:
        process = subprocess.Popen(
            program, env=environment, start_new_session=True, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        running = Server(port, source, process)
        wait_for(running.is_up)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
