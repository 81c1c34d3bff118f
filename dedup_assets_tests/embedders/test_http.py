import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest

from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.embedders.http import connect_http
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderConfigurationError, EmbedderUnavailableError
from dedup_assets_tests.embedders.pictures import FLAT, photographs
from dedup_assets_tests.embedders.serving import serving

Reply = tuple[int, Any]


@contextmanager
def running(server: HTTPServer) -> Iterator[EmbedderSettings]:
    """Serve in a thread; yields settings that point at it."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/embeddings"
        yield EmbedderSettings(http_url=url, http_images_a_request=4, http_attempts=3, http_timeout_s=10)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def scripted(reply: Callable[[int, list[str]], Reply]) -> HTTPServer:
    """A service that answers its n-th request, holding some pictures, as `reply` says."""
    asked = iter(range(1000))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = reply(next(asked), body["images"])
            self.send_response(status)
            if status == 302:
                self.send_header("Location", answer)
            self.end_headers()
            self.wfile.write(answer.encode() if isinstance(answer, str) else json.dumps(answer).encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return HTTPServer(("127.0.0.1", 0), Handler)


def ones(images: list[str]) -> list[list[float]]:
    return [[1.0, 1.0] for _ in images]


def test_our_own_service_gives_the_vectors_of_its_provider_and_nan_for_a_flat_picture() -> None:
    local = DescriptorEmbedder()
    with serving(local) as url:
        remote = connect_http(EmbedderSettings(http_url=url, http_images_a_request=4))
        vectors = remote.embed([*photographs(), FLAT, *photographs()])
    assert (remote.name, remote.model, remote.revision, remote.dimension) == ("http", local.model, local.revision, 256)
    assert np.isnan(vectors[3]).all()
    np.testing.assert_allclose(vectors[:3], local.embed(photographs()), atol=1e-6)
    np.testing.assert_array_equal(vectors[:3], vectors[4:])


def test_one_picture_that_the_service_refuses_does_not_fail_its_batch() -> None:
    def reply(number: int, images: list[str]) -> Reply:
        if any(image == refused for image in images):
            return 422, {"detail": "bad picture"}
        return 200, ones(images)

    from dedup_assets.embedders.http import _base64_png

    refused = _base64_png(FLAT)
    one, other, third = photographs()
    with running(scripted(reply)) as settings:
        vectors = connect_http(settings).embed([one, other, FLAT, third, one])
    assert np.isnan(vectors).any(axis=1).tolist() == [False, False, True, False, False]
    np.testing.assert_allclose(vectors[0], [0.5**0.5, 0.5**0.5], rtol=1e-6)


def test_a_service_that_stumbles_is_asked_again() -> None:
    with running(scripted(lambda number, images: (503, {}) if number in {0, 2} else (200, ones(images)))) as settings:
        assert np.isfinite(connect_http(settings).embed(photographs())).all()


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        ((500, {}), "answers with status 500"),
        ((429, {}), "answers with status 429"),
        ((200, "<html>"), "does not answer with JSON"),
        ((200, {"embeddings": []}), "answer 1 pictures with 1 vectors"),
        ((200, [["a", "b"]]), "vectors do not all have"),
        ((200, [None]), "vectors do not all have"),
        ((302, "http://example.org/elsewhere"), "answers with status 302"),
        ((422, {}), "refuses the pictures"),
    ],
)
def test_a_service_that_does_not_work_says_so_in_one_sentence(reply: Reply, complaint: str) -> None:
    with running(scripted(lambda number, images: reply)) as settings:
        once = settings.model_copy(update={"http_attempts": 1})
        with pytest.raises(EmbedderUnavailableError, match=complaint):
            connect_http(once)


@pytest.mark.parametrize(
    ("status", "token", "expected"),
    [
        (401, "", "it expects a token in EMBEDDINGS_TOKEN"),
        (401, "hidden-token", "it expects another token than that in EMBEDDINGS_TOKEN"),
        (403, "hidden-token", "it expects another token than that in EMBEDDINGS_TOKEN"),
        (404, "hidden-token", "expected is the whole address of a service in http_url, with its path"),
    ],
)
@pytest.mark.parametrize("answered", [0, 1])
def test_a_bad_credential_or_address_stops_at_the_first_such_answer_with_what_was_expected(
    status: int, token: str, expected: str, answered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(number: int, images: list[str]) -> Reply:
        asked.append(number)
        return (200, ones(images)) if number < answered else (status, {})

    asked: list[int] = []
    monkeypatch.setenv("EMBEDDINGS_TOKEN", token)
    with (
        running(scripted(reply)) as settings,
        pytest.raises(EmbedderConfigurationError, match=rf"^127\.0\.0\.1:\d+ answers with status {status}: ") as caught,
    ):
        connect_http(settings).embed(photographs())
    assert str(caught.value).endswith(expected)
    assert len(asked) == answered + 1


def test_a_service_that_ends_in_mid_answer_is_asked_again() -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.path)
            whole = json.dumps([[1.0, 1.0]]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(whole) + (len(asked) == 1)))
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    asked: list[str] = []
    with running(HTTPServer(("127.0.0.1", 0), Handler)) as settings:
        assert connect_http(settings).dimension == 2
    assert len(asked) == 2


def test_the_secret_query_of_a_service_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDINGS_QUERY", "?code=hunter2")
    asked: list[str] = []
    server = scripted(lambda _, images: (200, ones(images)))
    do_post = server.RequestHandlerClass.do_POST  # type: ignore[attr-defined]

    def note(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        do_post(handler)

    server.RequestHandlerClass.do_POST = note  # type: ignore[attr-defined]
    with running(server) as settings:
        connect_http(settings)
        connect_http(settings.model_copy(update={"http_url": f"{settings.http_url}?v=1"}))
    assert asked == ["/embeddings?code=hunter2", "/embeddings?v=1&code=hunter2"]


def test_a_password_in_the_address_of_a_service_is_never_said() -> None:
    settings = EmbedderSettings(
        http_url="http://user:hidden@localhost/embeddings", http_allowed_hosts=["localhost"], http_attempts=1
    )
    with pytest.raises(EmbedderUnavailableError, match=r"^localhost does not answer") as caught:
        connect_http(settings)
    assert "hidden" not in str(caught.value)


def test_a_service_that_is_not_there_is_unavailable_and_nothing_that_stands_in_its_address_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = EmbedderSettings(http_url="http://127.0.0.1:9/embeddings?code=hidden", http_attempts=2)
    with pytest.raises(EmbedderUnavailableError, match=r"^127\.0\.0\.1:9 does not answer: .*Connection refused$"):
        connect_http(settings)
    assert "hidden" not in caplog.text


def test_a_service_says_when_it_may_be_asked_again_but_is_not_waited_for_as_long_as_it_likes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(time.monotonic())
            self.send_response(200 if len(asked) == 2 else 429)
            self.send_header("Retry-After", "86400")
            self.end_headers()
            self.wfile.write(json.dumps(ones(body["images"])).encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    asked: list[float] = []
    monkeypatch.setattr("dedup_assets.embedders.http.MAX_RETRY_AFTER_S", 0.5)
    with running(HTTPServer(("127.0.0.1", 0), Handler)) as settings:
        assert connect_http(settings).dimension == 2
    assert 0.5 <= asked[1] - asked[0] < 5


def test_no_proxy_of_the_environment_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with running(scripted(lambda number, images: (200, ones(images)))) as settings:
        assert connect_http(settings.model_copy(update={"http_attempts": 1})).dimension == 2


@pytest.mark.parametrize(
    ("url", "host"), [("http://example.org/x", "example.org"), ("http://example.org\\@localhost/x", "example.org")]
)
def test_only_hosts_of_the_list_are_asked_however_their_address_is_written(url: str, host: str) -> None:
    with pytest.raises(EmbedderConfigurationError, match=f"the host {host} of http_url is not in http_allowed_hosts"):
        connect_http(EmbedderSettings(http_url=url))


@pytest.mark.parametrize("url", ["ftp://localhost/x", "http:///x", "file:///etc/passwd", "http://localhost:many/x"])
def test_only_http_addresses_are_accepted(url: str) -> None:
    with pytest.raises(EmbedderConfigurationError, match="not of the form"):
        connect_http(EmbedderSettings(http_url=url))


def test_the_token_of_the_environment_is_sent_and_never_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.headers["Authorization"])
            self.send_error(500)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    sent: list[str | None] = []
    monkeypatch.setenv("EMBEDDINGS_TOKEN", "hidden-token")
    with (
        running(HTTPServer(("127.0.0.1", 0), Handler)) as settings,
        pytest.raises(EmbedderUnavailableError) as caught,
    ):
        connect_http(settings.model_copy(update={"http_attempts": 1}))
    assert sent == ["Bearer hidden-token"]
    assert "hidden-token" not in str(caught.value)
