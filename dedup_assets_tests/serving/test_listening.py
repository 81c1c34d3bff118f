import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread, active_count
from urllib.request import urlopen

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from dedup_assets.errors import AddressTakenError
from dedup_assets.serving.listening import Listener, PatientProtocol, listen

PATIENCE_S = 0.3
LARGE = "x" * (32 << 20)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what was sent; at /large with much, at /slow late."""
    request = Request(scope, receive)
    await request.body()
    if scope["path"] == "/slow":
        time.sleep(4 * PATIENCE_S)
    await PlainTextResponse(LARGE if scope["path"] == "/large" else "answer")(scope, receive, send)


@contextmanager
def listening() -> Iterator[Listener]:
    server = Listener("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(PatientProtocol, "patience_s", PATIENCE_S)
    with listening() as server:
        yield server.port


def is_closed(connection: socket.socket) -> bool:
    """Whether the server closes a connection before its client lost patience."""
    connection.settimeout(10)
    try:
        while connection.recv(1 << 20):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n",
    ],
)
def test_a_connection_that_stalls_is_closed(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(sent)
        assert is_closed(connection)


def test_an_answer_that_nobody_fetches_is_given_up(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(4 * PATIENCE_S)
        received = 0
        try:
            while block := connection.recv(1 << 20):
                received += len(block)
        except ConnectionError:
            pass
    assert received < len(LARGE)


def test_an_answer_that_takes_long_to_make_is_waited_for(port: int) -> None:
    with urlopen(f"http://127.0.0.1:{port}/slow", timeout=10) as answer:
        assert answer.read() == b"answer"


def test_300_stalled_connections_hold_no_thread_and_keep_nobody_out(port: int) -> None:
    threads = active_count()
    stalled = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
    for connection in stalled:
        connection.sendall(b"POST /embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        assert answer.read() == b"answer"
    assert active_count() == threads
    assert all(map(is_closed, stalled))
    for connection in stalled:
        connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_that_is_taken_or_nobodys_is_told(host: str) -> None:
    with listen(host, 0) as taken, pytest.raises(AddressTakenError, match=r"\(Address already in use\): end what does"):
        listen(host, taken.getsockname()[1])
    with pytest.raises(AddressTakenError, match=r"^Nothing can listen on port 80 of nowhere\.invalid \("):
        listen("nowhere.invalid", 80)
