"""A small embedding service over any local provider: `POST /embeddings` and `GET /health`.

Belongs here: answering requests. Does not belong here: asking such a service (`http.py`), or choosing the provider.
"""

import base64
import binascii
import json
import socket
from threading import Lock

import cv2
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dedup_assets.embedders.protocol import Embedder, Image
from dedup_assets.kernels.decode.declared_size import declared_pixels

LARGEST_REQUEST_BYTES = 64 << 20
LARGEST_PICTURE_PX = 50_000_000
LONGER_SIDE_PX = 256
LAST_ANSWERS_S = 10
"""So long requests that are under way when the service is ended may take."""


class EmbeddingServer(uvicorn.Server):
    """Serves one provider at `url`, from the first moment on that it listens there."""

    def __init__(self, host: str, port: int, embedder: Embedder) -> None:
        """Listen on `port`, or on a free one for 0.

        Raises:
            OSError: the address cannot be listened on.
        """
        config = uvicorn.Config(_Service(embedder).app(), log_config=None, log_level="error", lifespan="off", ws="none")
        config.timeout_graceful_shutdown = LAST_ANSWERS_S
        super().__init__(config)
        self._socket = socket.create_server((host, port))
        self.url = f"http://{host}:{self._socket.getsockname()[1]}/embeddings"

    def serve_forever(self) -> None:
        """Answer until interrupted, or until `should_exit` is set."""
        self.run([self._socket])


class _Service:
    """What is answered; pictures are embedded for one request at a time, as a model has one device."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder, self._turn = embedder, Lock()
        self._described = {"model": embedder.model, "revision": embedder.revision, "dimension": embedder.dimension}

    def app(self) -> Starlette:
        routes = [Route("/health", self._health), Route("/embeddings", self._embeddings, methods=["POST"])]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _refuse}, max_body_size=LARGEST_REQUEST_BYTES)
        app.router.redirect_slashes = False
        return app

    async def _health(self, _: Request) -> JSONResponse:
        """Say which model is served."""
        return JSONResponse(self._described)

    async def _embeddings(self, request: Request) -> JSONResponse:
        """Embed the pictures of one request; a picture that cannot be read or embedded becomes null."""
        rows = await run_in_threadpool(self._embed, await request.body())
        return JSONResponse(self._described | {"embeddings": rows})

    def _embed(self, body: bytes) -> list[list[float] | None]:
        try:
            pictures = [decode_picture(text) for text in json.loads(body)["images"]]
        except (ValueError, KeyError, TypeError):
            raise HTTPException(400, 'expected {"images": [base64, ...]}') from None
        with self._turn:
            vectors = iter(self._embedder.embed([picture for picture in pictures if picture is not None]))
        rows = [None if picture is None else next(vectors) for picture in pictures]
        return [None if row is None or not np.isfinite(row).all() else row.tolist() for row in rows]


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = {**(error.headers or {}), "Connection": "close"}  # the rest of what is too large is not read
    return JSONResponse({"error": error.detail}, error.status_code, headers)


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
