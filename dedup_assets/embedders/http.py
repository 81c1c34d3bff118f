"""A service that embeds: `POST URL` with {"images": [PNG as base64, ...]}.

It answers {"model": ..., "revision": ..., "embeddings": [[...] or null, ...]}, or the list of vectors alone; a null
stands for a picture that it could not embed.

Belongs here: talking to such a service. Does not belong here: being one (`server.py`).

Only hosts of the allow-list are asked, and redirects are not followed. A token in EMBEDDINGS_TOKEN is sent along.
"""

import base64
import json
import os
import time
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import cv2
import numpy as np

from dedup_assets.embedders.protocol import Embedder, Image, Vectors, normalized
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderConfigurationError, EmbedderUnavailableError

TOKEN_VARIABLE = "EMBEDDINGS_TOKEN"
FIRST_PAUSE_S = 0.2  # doubled with every further attempt
REFUSES_THE_PICTURES = frozenset({400, 413, 415, 422})
REFUSES_THE_CREDENTIAL = frozenset({401, 403})
IS_NOT_THERE = 404

# Not measured: the service may run any model. Low for copies, as geometry decides about those.
MIN_COPY_COSINE = 0.75
MIN_SIMILAR_COSINE = 0.92


class RefusedBatchError(ValueError):
    """The service cannot make anything of this batch."""


class HttpEmbedder:
    """A service's model as a provider; its name, revision and dimension are asked of the service itself."""

    name = "http"
    min_copy_cosine = MIN_COPY_COSINE
    min_similar_cosine = MIN_SIMILAR_COSINE
    calls_at_once = 2
    """While the service computes one request, the next is on its way."""

    def __init__(self, settings: EmbedderSettings) -> None:
        self._settings = settings
        answer = self._post([probe_picture()])
        described = answer if isinstance(answer, dict) else {}
        self.model = str(described.get("model") or _host(settings.http_url))
        self.revision = str(described.get("revision") or "unknown")
        self.dimension = _rows(answer, 1, None).shape[1]

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed RGB pictures (h, w, 3): (n, dimension) float32; NaN rows where the service could not.

        Raises:
            EmbedderUnavailableError: the service does not answer, or answers with something else.
            EmbedderConfigurationError: it refuses the credential, or is not at this address; it is not asked again.
        """
        size = self._settings.http_images_a_request
        parts = [self._embed_batch(images[start : start + size]) for start in range(0, len(images), size)]
        return normalized(np.concatenate([np.empty((0, self.dimension), np.float32), *parts]))

    def _embed_batch(self, images: Sequence[Image]) -> Vectors:
        """Halve a batch that the service refuses, so that one bad picture costs only itself."""
        try:
            return _rows(self._post(images), len(images), self.dimension)
        except RefusedBatchError:
            if len(images) == 1:
                return np.full((1, self.dimension), np.nan, np.float32)
        middle = len(images) // 2
        return np.concatenate([self._embed_batch(images[:middle]), self._embed_batch(images[middle:])])

    def _post(self, images: Sequence[Image]) -> Any:
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, self._settings.http_attempts + 1):
            try:
                return self._post_once(images)
            except EmbedderUnavailableError:
                if attempt == self._settings.http_attempts:
                    raise
            time.sleep(pause_s)
            pause_s *= 2
        raise EmbedderUnavailableError("http_attempts is less than 1")

    def _post_once(self, images: Sequence[Image]) -> Any:
        host = _host(self._settings.http_url)
        request = _request(self._settings.http_url, images)
        try:
            with build_opener(_NoRedirect).open(request, timeout=self._settings.http_timeout_s) as response:
                return json.load(response)
        except HTTPError as error:
            error.close()
            raise _failure(host, error.code) from None
        except (URLError, OSError) as error:
            raise EmbedderUnavailableError(f"{host} does not answer: {getattr(error, 'reason', error)}") from None
        except HTTPException as error:  # its own text may repeat a password of the address
            raise EmbedderUnavailableError(f"{host} does not answer in whole: {type(error).__name__}") from None
        except ValueError:
            raise EmbedderUnavailableError(f"{host} does not answer with JSON") from None


class _NoRedirect(HTTPRedirectHandler):
    """A redirect could lead to a host that is not on the list."""

    def redirect_request(self, *_: object) -> None:
        """Follow none; the redirect's status becomes an error."""


def probe_picture() -> Image:
    """A picture that any provider can embed: coloured tiles with corners, (128, 128, 3)."""
    tiles = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    return tiles.repeat(8, axis=0).repeat(8, axis=1)


def connect_http(settings: EmbedderSettings) -> Embedder:
    """Ask the configured service for one vector, and return it as a provider.

    Raises:
        EmbedderUnavailableError: no service is configured, or it does not work.
        EmbedderConfigurationError: its address is none or not allowed, or it refuses the credential.
    """
    url = urlsplit(settings.http_url)
    if not settings.http_url:
        raise EmbedderUnavailableError("no http_url is configured")
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise EmbedderConfigurationError("http_url is not of the form http(s)://host:port/embeddings")
    if url.hostname not in settings.http_allowed_hosts:
        raise EmbedderConfigurationError(f"the host {url.hostname} of http_url is not in http_allowed_hosts")
    try:
        return HttpEmbedder(settings)
    except RefusedBatchError as error:
        raise EmbedderUnavailableError(str(error)) from error


def _failure(host: str, status: int) -> Exception:
    """What is wrong where a service answers with this status: the pictures, the configuration, or the service for now."""
    came = f"{host} answers with status {status}"
    if status in REFUSES_THE_PICTURES:
        return RefusedBatchError(f"{host} refuses the pictures (status {status})")
    if status in REFUSES_THE_CREDENTIAL:
        expected = "another token than that in" if os.environ.get(TOKEN_VARIABLE) else "a token in"
        return EmbedderConfigurationError(f"{came}: it expects {expected} {TOKEN_VARIABLE}")
    if status == IS_NOT_THERE:
        return EmbedderConfigurationError(
            f"{came}: expected is the whole address of a service in http_url, with its path"
        )
    return EmbedderUnavailableError(came)


def _host(url: str) -> str:
    """Host and port of an address, without user name and password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _request(url: str, images: Sequence[Image]) -> Request:
    body = json.dumps({"images": [_base64_png(image) for image in images]}).encode()
    headers = {"Content-Type": "application/json"}
    token = os.environ.get(TOKEN_VARIABLE)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Request(url, data=body, headers=headers, method="POST")


def _base64_png(image: Image) -> str:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".png", bgr)  # lossless, so that the vectors are those of the thumbnails
    return base64.b64encode(data.tobytes()).decode()


def _rows(answer: Any, count: int, dimension: int | None) -> Vectors:
    """The answer's vectors as (count, dimension), NaN where it has null."""
    vectors = answer.get("embeddings") if isinstance(answer, dict) else answer
    if not isinstance(vectors, list) or len(vectors) != count:
        raise EmbedderUnavailableError(f"the service should answer {count} pictures with {count} vectors, and does not")
    expected = dimension or len(next((vector for vector in vectors if vector), []))
    try:
        rows = np.array([vector or [np.nan] * expected for vector in vectors], np.float32)
    except (TypeError, ValueError):
        rows = np.empty((0, 0), np.float32)
    if rows.shape != (count, expected) or expected == 0:
        raise EmbedderUnavailableError(
            f"the service's vectors do not all have {expected or 'the same count of'} numbers"
        )
    return rows
