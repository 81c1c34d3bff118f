"""A server that waits for nobody for ever: a listening socket, uvicorn, and limits on connections.

Belongs here: what holds for every application. Does not belong here: what is answered, and how much of it at once.

A connection costs some memory and a number, of which a process has few; no thread waits for it.
"""

import asyncio
import os
import socket

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from dedup_assets.errors import AddressTakenError

MOST_CONNECTIONS = 800
"""Those beyond are closed at once: 1,024 open files are what a process usually may have."""

PATIENCE_S = 30.0
"""So long, or twice as long, a request may be on its way without having come whole, or its answer without being fetched."""

LAST_ANSWERS_S = 10
"""So long requests that are under way when the server is ended may take."""


class PatientProtocol(H11Protocol):
    """Closes a connection that shows nothing new in its patience, but for those whose answer is being made."""

    _cycle_before: RequestResponseCycle | None = None
    _phase_before = ""
    patience_s = PATIENCE_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch it."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self.loop.call_later(self.patience_s, self._look)

    def _look(self) -> None:
        phase = self._phase()
        if self.transport.is_closing() or (
            self._cycle_before is self.cycle and phase == self._phase_before != "working"
        ):
            self.transport.abort()
            return
        self._cycle_before, self._phase_before = self.cycle, phase
        self.loop.call_later(self.patience_s, self._look)

    def _phase(self) -> str:
        if self.cycle is None or self.cycle.response_complete:
            return "between requests"
        if self.cycle.more_body:
            return "coming"
        return "answering" if self.cycle.response_started else "working"


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; on a free port for 0.

    Raises:
        AddressTakenError: that cannot be done.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise AddressTakenError(
            f"Nothing can listen on port {port} of {host} ({why}): end what does, or give another address by --host and --port."
        ) from error


class Listener(uvicorn.Server):
    """Serves one application, from the first moment on that it listens; `port` is the one it was given, or a free one for 0.

    Raises:
        AddressTakenError: the address cannot be listened on.
    """

    def __init__(self, host: str, port: int, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=PatientProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                timeout_graceful_shutdown=LAST_ANSWERS_S,
            )
        )
        self._socket = listen(host, port)
        self.port: int = self._socket.getsockname()[1]

    def serve_forever(self) -> None:
        """Answer until interrupted, or until `should_exit` is set."""
        self.run([self._socket])
