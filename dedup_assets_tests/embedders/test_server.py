import base64
import json
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from http.client import HTTPConnection
from queue import Queue
from threading import Event, Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import cv2
import pytest

from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.embedders.protocol import Image, Vectors
from dedup_assets.embedders.server import LARGEST_REQUEST_BYTES, MOST_WAITING, EmbeddingServer, PictureReader
from dedup_assets.stages.workers.processes import WorkerProcesses
from dedup_assets_tests.embedders.pictures import photographs
from dedup_assets_tests.embedders.serving import serving


def encoded(image: Image) -> str:
    return base64.b64encode(cv2.imencode(".png", image[..., ::-1])[1].tobytes()).decode()


@pytest.fixture
def address() -> Iterator[str]:
    with serving(DifferenceHashEmbedder()) as url:
        yield url.removesuffix("/embeddings")


def post(url: str, body: bytes) -> dict[str, object]:
    with urlopen(Request(url, data=body, method="POST"), timeout=10) as response:
        answer = json.load(response)
    assert isinstance(answer, dict)
    return answer


def test_pictures_that_cannot_be_read_become_null_and_the_others_vectors(address: str) -> None:
    one, other, _ = photographs()
    body = json.dumps({"images": [encoded(one), "no base64 !", "", encoded(other)]}).encode()
    answer = post(f"{address}/embeddings", body)
    expected = DifferenceHashEmbedder().embed([one, other]).tolist()
    assert answer["embeddings"] == [expected[0], None, None, expected[1]]
    assert answer["model"] == "dhash-16x16"


def test_health_names_the_model(address: str) -> None:
    with urlopen(f"{address}/health", timeout=10) as response:
        assert json.load(response) == {"model": "dhash-16x16", "revision": "1", "dimension": 256}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/embeddings", b"{", 400),
        ("/embeddings", b"[]", 400),
        ("/embeddings", b'{"images":' + b"[" * 1_000_000, 400),
        ("/embeddings", b'{"images":[' + b"1," * 1_000_000 + b"1]}", 413),
        ("/x", b"", 404),
        ("/embeddings/", b"", 404),
    ],
)
def test_other_requests_are_refused(address: str, path: str, body: bytes, status: int) -> None:
    with pytest.raises(HTTPError) as caught:
        post(address + path, body)
    caught.value.close()
    assert caught.value.code == status


@pytest.mark.parametrize(("size", "status"), [("-1", 400), ("many", 400), (str(1 << 40), 413)])
def test_a_request_without_a_size_that_can_be_is_refused_and_never_waited_for(
    address: str, size: str, status: int
) -> None:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    connection.request("POST", "/embeddings", headers={"Content-Length": size})
    assert connection.getresponse().status == status
    connection.close()


def test_a_request_that_does_not_say_its_size_is_read_no_further_than_to_the_limit(address: str) -> None:
    def blocks() -> Iterator[bytes]:
        for number in range(4 * LARGEST_REQUEST_BYTES >> 20):
            sent.append(number)
            yield bytes(1 << 20)

    sent: list[int] = []
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    with pytest.raises(ConnectionError):
        connection.request("POST", "/embeddings", body=blocks(), encode_chunked=True)
    assert LARGEST_REQUEST_BYTES <= len(sent) << 20 < 2 * LARGEST_REQUEST_BYTES
    connection.close()


class Held(DifferenceHashEmbedder):
    """Embeds when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = Event()

    def embed(self, images: Sequence[Image]) -> Vectors:
        assert self.let.wait(30)
        return super().embed(images)


def test_beyond_the_queue_a_request_is_told_to_come_again_and_then_answered() -> None:
    embedder, body = Held(), json.dumps({"images": [encoded(photographs()[0])]}).encode()
    with serving(embedder) as url, ThreadPoolExecutor(MOST_WAITING + 1) as clients:
        asked = [clients.submit(post, url, body) for _ in range(MOST_WAITING + 1)]
        ((refused,), waiting) = wait(asked, return_when=FIRST_COMPLETED)
        embedder.let.set()
        answers = [each.result()["embeddings"] for each in waiting]
    error = refused.exception()
    assert isinstance(error, HTTPError)
    assert (error.code, error.headers["Retry-After"]) == (503, "2")
    assert json.load(error)["error"] == f"{MOST_WAITING} requests are waiting; ask again in 2 s"
    error.close()
    assert answers == [answers[0]] * MOST_WAITING


@contextmanager
def reading_with(read: PictureReader, host: str = "127.0.0.1") -> Iterator[str]:
    """A service that has pictures read in this way; yields its address."""
    server = EmbeddingServer(host, 0, DifferenceHashEmbedder(), read)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.url
    server.should_exit = True
    thread.join()


def refusal(url: str) -> tuple[int, str]:
    """How a request without pictures is refused."""
    with pytest.raises(HTTPError) as refused:
        post(url, b'{"images": []}')
    told = json.load(refused.value)["error"]
    refused.value.close()
    return refused.value.code, told


def test_bytes_of_requests_that_wait_for_their_answer_count_until_they_have_it() -> None:
    came: Queue[Future[list[Image | None]]] = Queue()

    def read(_: bytes) -> "Future[list[Image | None]]":
        answer: Future[list[Image | None]] = Future()
        came.put(answer)
        return answer

    largest = bytes(LARGEST_REQUEST_BYTES)
    with reading_with(read) as url, ThreadPoolExecutor(2) as clients:
        asked = [(clients.submit(post, url, largest), came.get(timeout=30)) for _ in range(2)]
        code, told = refusal(url)
        for _, answer in asked:
            answer.set_result([])
        assert [each.result()["embeddings"] for each, _ in asked] == [[], []]
        again = clients.submit(post, url, b"")
        came.get(timeout=30).set_result([])
        assert again.result()["embeddings"] == []
    assert (code, told) == (503, f"{2 * LARGEST_REQUEST_BYTES + 14:,} bytes are held; ask again in 2 s")


def test_bytes_that_end_their_decoder_cost_their_request_alone() -> None:
    def crash(_: bytes) -> "Future[list[Image | None]]":
        return processes.schedule(os.abort, ())

    processes = WorkerProcesses(1)
    with reading_with(crash) as url:
        assert refusal(url) == (422, "these pictures cannot be decoded: ProcessLostError")
    processes.stop()


def _end_this_process() -> list[Image | None]:
    signal.raise_signal(signal.SIGKILL)
    return []


def test_a_decoder_that_another_hand_ends_says_nothing_of_the_bytes() -> None:
    def kill(_: bytes) -> "Future[list[Image | None]]":
        return processes.schedule(_end_this_process, ())

    processes = WorkerProcesses(1)
    with reading_with(kill) as url:
        assert refusal(url) == (503, "the process that decodes was ended by another hand; ask again in 2 s")
    processes.stop()


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    with (
        reading_with(lambda _: Future(), "::1") as url,
        urlopen(url.replace("embeddings", "health"), timeout=10) as health,
    ):
        assert url.startswith("http://[::1]:")
        assert json.load(health)["model"] == "dhash-16x16"
