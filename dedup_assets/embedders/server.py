"""A small embedding service over any local provider: `POST /embeddings` and `GET /health`.

Belongs here: answering requests, and how many at once. Does not belong here: asking such a service (`http.py`), choosing the
provider, reading what was sent (`sent_pictures.py`), connections (`serving/listening.py`).
"""

import asyncio
from asyncio import Semaphore, wrap_future
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dedup_assets.embedders.protocol import Embedder, Image
from dedup_assets.embedders.sent_pictures import SenselessRequestError, TooManyPicturesError
from dedup_assets.serving.listening import Listener

PictureReader = Callable[[bytes], "Future[list[Image | None]]"]
"""Has `read_pictures` done in a process of its own; the future raises what that does, or what became of the process."""

LARGEST_REQUEST_BYTES = 64 << 20
MOST_BYTES_HELD = 2 * LARGEST_REQUEST_BYTES
MOST_WAITING = 16
"""Requests that came whole; with more, or with more bytes of requests without an answer, the next is told to come again (503)."""

AT_WORK = 2
"""Requests whose pictures are decoded: one that is embedded, and the next."""

COME_AGAIN_S = 2


class EmbeddingServer(Listener):
    """Serves one provider at `url`, from the first moment on that it listens there."""

    def __init__(self, host: str, port: int, embedder: Embedder, read: PictureReader) -> None:
        """Listen on `port`, or on a free one for 0.

        Raises:
            AddressTakenError: the address cannot be listened on.
        """
        super().__init__(host, port, _Service(embedder, read).app())
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/embeddings"


class _Service:
    """What is answered; pictures are embedded for one request at a time, as a model has one device."""

    def __init__(self, embedder: Embedder, read: PictureReader) -> None:
        self._embedder, self._read = embedder, read
        self._waiting, self._bytes_held, self._at_work = 0, 0, Semaphore(AT_WORK)
        self._thread = ThreadPoolExecutor(1)
        self._described = {"model": embedder.model, "revision": embedder.revision, "dimension": embedder.dimension}

    def app(self) -> Starlette:
        routes = [Route("/health", self._health), Route("/embeddings", self._embeddings, methods=["POST"])]
        app = Starlette(
            routes=routes,
            exception_handlers={HTTPException: _refuse, ClientDisconnect: _let_go},
            max_body_size=LARGEST_REQUEST_BYTES,
        )
        app.router.redirect_slashes = False
        return app

    async def _health(self, _: Request) -> JSONResponse:
        """Say which model is served."""
        return JSONResponse(self._described)

    async def _embeddings(self, request: Request) -> JSONResponse:
        """Embed the pictures of one request; a picture that cannot be read or embedded becomes null."""
        body = bytearray()
        try:
            async for block in request.stream():
                self._bytes_held += len(block)
                body += block
                if self._bytes_held > MOST_BYTES_HELD:
                    raise _come_again(f"{self._bytes_held:,} bytes are held")
            rows = await self._answer(request, body)
        finally:
            self._bytes_held -= len(body)
        return JSONResponse(self._described | {"embeddings": rows})

    async def _answer(self, request: Request, body: bytearray) -> list[list[float] | None]:
        if self._waiting >= MOST_WAITING:
            raise _come_again(f"{self._waiting} requests are waiting")
        self._waiting += 1
        try:
            async with self._at_work:
                if await request.is_disconnected():
                    raise ClientDisconnect
                pictures = await self._decode(body)
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._embed, pictures)
        finally:
            self._waiting -= 1

    async def _decode(self, body: bytearray) -> list[Image | None]:
        try:
            return await wrap_future(self._read(bytes(body)))
        except SenselessRequestError as error:
            raise HTTPException(400, str(error)) from None
        except TooManyPicturesError as error:
            raise HTTPException(413, str(error)) from None
        except Exception as error:  # noqa: BLE001 (whatever bytes do to a decoder is said of these bytes)
            if not getattr(error, "by_task", True):
                raise _come_again("the process that decodes was ended by another hand") from None
            raise HTTPException(422, f"these pictures cannot be decoded: {type(error).__name__}") from None

    def _embed(self, pictures: Sequence[Image | None]) -> list[list[float] | None]:
        vectors = iter(self._embedder.embed([picture for picture in pictures if picture is not None]))
        rows = [None if picture is None else next(vectors) for picture in pictures]
        return [None if row is None or not np.isfinite(row).all() else row.tolist() for row in rows]


def _come_again(why: str) -> HTTPException:
    return HTTPException(503, f"{why}; ask again in {COME_AGAIN_S} s", {"Retry-After": str(COME_AGAIN_S)})


async def _let_go(_: Request, __: Exception) -> Response:
    return Response()  # which nobody reads


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers: dict[str, Any] = {**(error.headers or {}), "Connection": "close"}  # what is still coming is not read
    return JSONResponse({"error": error.detail}, error.status_code, headers)
