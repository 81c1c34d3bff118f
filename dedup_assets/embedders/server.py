"""A small embedding service over any local provider: `POST /embeddings` and `GET /health`.

Belongs here: answering requests. Does not belong here: asking such a service (`http.py`), or choosing the provider.
"""

import base64
import binascii
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

import cv2
import numpy as np

from dedup_assets.embedders.protocol import Embedder, Image
from dedup_assets.kernels.decode.declared_size import declared_pixels

LARGEST_REQUEST_BYTES = 64 << 20
LARGEST_PICTURE_PX = 50_000_000
LONGER_SIDE_PX = 256


class EmbeddingServer(ThreadingHTTPServer):
    """Serves one provider; requests are answered one at a time, as a model has one device."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], embedder: Embedder) -> None:
        super().__init__(address, _Handler)
        self.embedder = embedder
        self.turn = Lock()


class _Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer

    def do_GET(self) -> None:
        """Say which model is served."""
        self._answer(200, self._described()) if self.path == "/health" else self._answer(404, {"error": "unknown path"})

    def do_POST(self) -> None:
        """Embed the pictures of one request; a picture that cannot be read or embedded becomes null."""
        if self.path != "/embeddings":
            return self._answer(404, {"error": "unknown path"})
        size = self._declared_bytes()
        if not 0 <= size <= LARGEST_REQUEST_BYTES:
            return self._answer(413, {"error": f"Content-Length is not from 0 to {LARGEST_REQUEST_BYTES}"})
        try:
            encoded = json.loads(self.rfile.read(size))["images"]
            pictures = [decode_picture(text) for text in encoded]
        except (ValueError, KeyError, TypeError):
            return self._answer(400, {"error": 'expected {"images": [base64, ...]}'})
        return self._answer(200, self._described() | {"embeddings": self._embed(pictures)})

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent; who runs the server may log in front of it."""

    def _declared_bytes(self) -> int:
        """The size of the request; -1 where the header says no number."""
        try:
            return int(self.headers.get("Content-Length") or 0)
        except ValueError:
            return -1

    def _described(self) -> dict[str, Any]:
        embedder = self.server.embedder
        return {"model": embedder.model, "revision": embedder.revision, "dimension": embedder.dimension}

    def _embed(self, pictures: list[Image | None]) -> list[list[float] | None]:
        with self.server.turn:
            vectors = iter(self.server.embedder.embed([picture for picture in pictures if picture is not None]))
        rows = [None if picture is None else next(vectors) for picture in pictures]
        return [None if row is None or not np.isfinite(row).all() else row.tolist() for row in rows]

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def decode_picture(text: str) -> Image | None:
    """A picture in base64 as upright RGB with a longer side of at most 256 px, or None where it cannot be read."""
    try:
        data = base64.b64decode(text, validate=True)
        if declared_pixels(data) > LARGEST_PICTURE_PX:
            return None
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except (binascii.Error, ValueError, cv2.error):
        return None
    if image is None or image.size > 3 * LARGEST_PICTURE_PX:
        return None
    scale = LONGER_SIDE_PX / max(image.shape[:2])
    if scale < 1:
        size = tuple(max(1, round(length * scale)) for length in image.shape[1::-1])
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8)


def serve_forever(embedder: Embedder, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; calls `ready` with the address once requests are answered."""
    with EmbeddingServer((host, port), embedder) as server:
        ready(f"http://{host}:{server.server_port}/embeddings")
        server.serve_forever()
