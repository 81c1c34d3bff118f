"""A service that embeds: `POST URL` with {"images": [PNG as base64, ...]}.

It answers {"model": ..., "revision": ..., "embeddings": [[...] or null, ...]}, or the list of vectors alone; a null
stands for a picture that it could not embed.

Belongs here: talking to such a service. Does not belong here: being one (`server.py`).

Only hosts of the allow-list are asked: redirects are not followed, and no proxy of the environment is used. A token in
EMBEDDINGS_TOKEN is sent along, and a query in EMBEDDINGS_QUERY, such as code=…. urllib3 is used without requests, which reads a
body after the retries are over.
"""

import base64
import logging
import os
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from urllib3 import PoolManager, Retry
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError
from urllib3.util import Url, parse_url

from dedup_assets.embedders.protocol import Embedder, Image, Vectors, normalized
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderConfigurationError, EmbedderUnavailableError

TOKEN_VARIABLE, QUERY_VARIABLE = "EMBEDDINGS_TOKEN", "EMBEDDINGS_QUERY"
PAUSE_S = 0.2
"""The second attempt follows at once, the third after twice this, every further one after twice the pause before it."""

MAX_RETRY_AFTER_S = 30
"""What a service asks to wait for (Retry-After) is granted up to here; a run is not held up for an hour."""

REFUSES_THE_PICTURES = frozenset({400, 413, 415, 422})
REFUSES_THE_CREDENTIAL = frozenset({401, 403})
IS_NOT_THERE = 404
ASKED_AGAIN = frozenset(range(300, 600)) - REFUSES_THE_PICTURES - REFUSES_THE_CREDENTIAL - {IS_NOT_THERE}

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
        self._settings, self._host = settings, _parsed(settings.http_url).netloc or ""
        again = Retry(
            settings.http_attempts - 1,
            allowed_methods={"POST"},
            status_forcelist=ASKED_AGAIN,
            backoff_factor=PAUSE_S,
            raise_on_status=False,
            retry_after_max=MAX_RETRY_AFTER_S,
        )
        logging.getLogger("urllib3.connectionpool").addFilter(_tells_no_query)
        self._pool = PoolManager(maxsize=self.calls_at_once, timeout=settings.http_timeout_s, retries=again)
        answer = self._post([probe_picture()])
        described = answer if isinstance(answer, dict) else {}
        self.model = str(described.get("model") or self._host)
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
        token = os.environ.get(TOKEN_VARIABLE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"images": [_base64_png(image) for image in images]}
        url = self._settings.http_url
        if query := os.environ.get(QUERY_VARIABLE, "").removeprefix("?"):
            url += f"{'&' if '?' in url else '?'}{query}"
        try:
            response = self._pool.request("POST", url, json=body, headers=headers, redirect=False)
            answer = response.json() if response.status < 300 else None
        except MaxRetryError as error:
            raise EmbedderUnavailableError(f"{self._host} does not answer: {_cause(error.reason)}") from None
        except HTTPError as error:  # its own text may repeat a password of the address
            raise EmbedderUnavailableError(f"{self._host} does not answer: {type(error).__name__}") from None
        except ValueError:
            raise EmbedderUnavailableError(f"{self._host} does not answer with JSON") from None
        if response.status >= 300:
            raise _failure(self._host, response.status)
        return answer


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
    if not settings.http_url:
        raise EmbedderUnavailableError("no http_url is configured")
    url = _parsed(settings.http_url)
    host = (url.host or "").strip("[]")
    if url.scheme not in {"http", "https"} or not host:
        raise EmbedderConfigurationError("http_url is not of the form http(s)://host:port/embeddings")
    if host not in settings.http_allowed_hosts:
        raise EmbedderConfigurationError(f"the host {host} of http_url is not in http_allowed_hosts")
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


def _parsed(address: str) -> Url:
    """An address as it will be read when it is asked, so that the host that is checked is the one that is asked."""
    try:
        return parse_url(address)
    except LocationParseError:
        return Url()


def _tells_no_query(record: logging.LogRecord) -> bool:
    """False for what urllib3 logs before it asks again: it repeats the address, with whatever key stands in its query."""
    return not hasattr(record, "__urllib3-retry-warning")


def _cause(reason: Exception | None) -> object:
    """What the system said, without what urllib3 puts around it."""
    return reason and (reason.__cause__ or reason.args[-1])


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
