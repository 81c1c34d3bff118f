import base64
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import cv2
import numpy as np
import pytest

from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.embedders.protocol import Image
from dedup_assets.embedders.server import LARGEST_REQUEST_BYTES, decode_picture
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
    [("/embeddings", b"{", 400), ("/embeddings", b"[]", 400), ("/x", b"", 404), ("/embeddings/", b"", 404)],
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


def test_large_pictures_are_reduced() -> None:
    decoded = decode_picture(encoded(np.zeros((400, 800, 3), np.uint8)))
    assert decoded is not None
    assert decoded.shape == (128, 256, 3)


def test_a_picture_that_says_it_is_too_large_is_not_decoded() -> None:
    whole = cv2.imencode(".png", np.zeros((7_100, 7_100), np.uint8))[1].tobytes()
    assert decode_picture(base64.b64encode(whole).decode()) is None
