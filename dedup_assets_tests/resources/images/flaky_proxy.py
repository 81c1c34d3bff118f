"""A proxy before the blob service that fails as networks do, and counts what passes.

Belongs here: faults that a real service cannot be asked for. Does not belong here: tests.
"""

import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import unquote

Fault = Literal["busy", "too many", "reset", "cut body", "stall", "drip"]

_HOP_HEADERS = {"connection", "transfer-encoding", "keep-alive"}


class FlakyProxy(ThreadingHTTPServer):
    """Forwards to a port of this machine; the next requests whose path ends in a planned name meet its faults first.

    What is planned to happen meanwhile happens once, when half of the body of that name was sent. Bodies of GET are
    counted by name.
    """

    daemon_threads = True

    def __init__(self, upstream_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream_port = upstream_port
        self.faults: dict[str, list[Fault]] = {}
        self.meanwhile: dict[str, Callable[[], object]] = {}
        self.requests: Counter[str] = Counter()
        self.sent_bytes: Counter[str] = Counter()
        self.connections = 0

    def fault_for(self, path: str) -> Fault | None:
        name = name_in(path)
        self.requests[name] += 1
        planned = self.faults.get(name)
        return planned.pop(0) if planned else None


def name_in(path: str) -> str:
    """The last part of the path of a request, without its query."""
    return unquote(path.partition("?")[0].rpartition("/")[-1])


class _Handler(BaseHTTPRequestHandler):
    server: FlakyProxy
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        fault = self.server.fault_for(self.path)
        if fault == "busy":
            self.send_error(503, "Server Busy")
        elif fault == "too many":
            self._refuse_for_a_second()
        elif fault == "reset":
            self._reset()
        else:
            self._forward(fault)

    do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815 (the names that http.server calls)

    def _forward(self, fault: Fault | None) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream_port)
        upstream.request(self.command, self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {*_HOP_HEADERS, "content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", answer.headers.get("Content-Length", "0") if not data else str(len(data)))
        self.end_headers()
        self._send_body(data, fault)

    def _send_body(self, data: bytes, fault: Fault | None) -> None:
        half = len(data) // 2
        if fault == "drip":
            self._drip(data)
            return
        self._write(data[:half])
        self.server.meanwhile.pop(name_in(self.path), bool)()
        match fault:
            case "cut body":
                self._reset()
            case "stall":
                time.sleep(600)
            case _:
                self._write(data[half:])

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.server.sent_bytes[name_in(self.path)] += len(data) if self.command == "GET" else 0

    def _drip(self, data: bytes) -> None:
        with suppress(OSError):  # nobody is waiting any more
            for byte in data:
                self._write(bytes([byte]))
                time.sleep(0.5)

    def _refuse_for_a_second(self) -> None:
        self.send_response(429, "Too Many Requests")
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _reset(self) -> None:
        """Close with RST, as a crashed server does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def flaky_proxy(upstream_port: int) -> Iterator[FlakyProxy]:
    """Run a proxy."""
    with FlakyProxy(upstream_port) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy
        proxy.shutdown()
