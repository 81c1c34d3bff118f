import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from dedup_assets.serving.guard import Guard

CLOSED = 0
OWN = {"host": "localhost:3000"}


def ask(
    headers: Mapping[str, str] | list[tuple[str, str]], method: str = "GET", path: str = "/", kind: str = "http"
) -> tuple[int, str]:
    """The status and the text with which a guarded application answers."""
    pairs = headers if isinstance(headers, list) else list(headers.items())
    scope: Scope = {
        "type": kind,
        "path": path,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
        "server": ("192.168.1.5", 3000),
        "extensions": {"websocket.http.response": {}},
    } | ({"method": method} if kind == "http" else {})
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("The guard reads no body.")

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await PlainTextResponse("reached")(scope, receive, send)

    guard = Guard(app, ["photos.lan:3000", "Photos.Example.org"], ["/graphql"])
    asyncio.run(guard(scope, receive, send))
    if sent[0]["type"] == "websocket.close":
        return CLOSED, sent[0]["reason"]
    return sent[0]["status"], sent[1]["body"].decode()


@pytest.mark.parametrize(
    "host",
    [
        "localhost:3000",
        "LOCALHOST",
        "127.0.0.1:3000",
        "[::1]:3000",
        "192.168.1.5:3000",
        "photos.lan",
        "photos.example.org",
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_its_own_names_reach_the_application(host: str, kind: str) -> None:
    assert ask({"host": host}, kind=kind) == (200, "reached")


@pytest.mark.parametrize(
    "headers",
    [
        [("host", "evil.example:3000")],
        [("host", "localhost.evil.example")],
        [("host", "localhost@evil.example")],
        [("host", "10.0.0.9")],
        [("host", "")],
        [],
        [("host", "localhost"), ("host", "evil.example")],
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_name_is_told_and_does_not(headers: list[tuple[str, str]], kind: str) -> None:
    status, sentence = ask(headers, "POST", kind=kind)
    assert status == (421 if kind == "http" else CLOSED)
    assert sentence.startswith(f"The server was asked as {', '.join(value for _, value in headers)}; expected is")


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:8080", "http://localhost", "http://photos.lan:1", "file://", "x"],
)
@pytest.mark.parametrize(("method", "kind"), [("POST", "http"), ("GET", "http"), ("GET", "websocket")])
def test_a_foreign_page_reaches_nothing(origin: str, method: str, kind: str) -> None:
    status, sentence = ask(OWN | {"origin": origin}, method, "/graphql", kind)
    assert status == (403 if kind == "http" else CLOSED)
    assert f"came from {origin}; expected is a page of this server" in sentence


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://photos.example.org", "http://photos.lan:3000"])
@pytest.mark.parametrize(("method", "kind"), [("POST", "http"), ("GET", "websocket")])
def test_its_own_pages_reach_all(origin: str, method: str, kind: str) -> None:
    assert ask(OWN | {"origin": origin}, method, "/graphql", kind) == (200, "reached")


def test_a_browser_that_tells_no_origin_is_known_by_where_it_says_it_comes_from() -> None:
    assert ask(OWN | {"sec-fetch-site": "cross-site"}, "POST")[0] == 403
    assert ask(OWN | {"sec-fetch-site": "same-origin"}, "POST")[0] == 200
    assert ask(OWN | {"sec-fetch-site": "cross-site"})[0] == 200  # a link that leads here
    assert ask(OWN, "POST")[0] == 200  # a script


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/graphql\n"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_may_change_something_is_posted(path: str, method: str) -> None:
    assert ask(OWN, method, path) == (405, f"The method was {method}; expected is POST here.\n")
    assert ask(OWN | {"accept": "image/*"}, method, path)[0] == 405
    assert ask(OWN | {"accept": "text/html,*/*"}, method, path)[0] == 200
    assert ask(OWN, "POST", path)[0] == 200
