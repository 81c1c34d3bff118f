"""A proxy before the blob service that fails as networks do, and counts what passes.

Belongs here: faults that a real service cannot be asked for. Does not belong here: tests.
"""

import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["busy", "reset", "cut body", "stall", "drip"]

_HOP_HEADERS = {"connection", "transfer-encoding", "keep-alive"}


class FlakyProxy(ThreadingHTTPServer):
    """Forwards to a port of this machine; the next requests whose path ends in a planned name meet its faults first."""

    daemon_threads = True

    def __init__(self, upstream_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream_port = upstream_port
        self.faults: dict[str, list[Fault]] = {}
        self.requests: Counter[str] = Counter()
        self.connections = 0

    def fault_for(self, path: str) -> Fault | None:
        name = path.partition("?")[0].rpartition("/")[-1]
        self.requests[name] += 1
        planned = self.faults.get(name)
        return planned.pop(0) if planned else None


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
        match fault:
            case "cut body":
                self.wfile.write(data[:half])
                self._reset()
            case "stall":
                self.wfile.write(data[:half])
                time.sleep(600)
            case "drip":
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    time.sleep(1)
            case _:
                self.wfile.write(data)

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
