"""Images in an Azure Blob container.

Belongs here: listing and reading blobs. Does not belong here: clients (`resources/azure/access.py`), how the service copies
(`container_copies.py`), decoding.

Listing uses the Azure SDK, which keeps every name exactly. Reading uses obstore (0.2 ms of processor time a blob, and
none of Python's lock, against 1.6 ms) and the SDK for the few names that obstore cannot express.
"""

import re
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import obstore
from azure.core import MatchConditions
from azure.core.exceptions import AzureError
from azure.storage.blob import BlobPrefix, BlobProperties
from obstore.exceptions import BaseError

from dedup_assets.errors import BlobChanged, BlobUnavailable, BlobVanished
from dedup_assets.resources.azure import access
from dedup_assets.resources.azure.access import container_client, open_object_store
from dedup_assets.resources.azure.credentials import find_credential
from dedup_assets.resources.azure.failures import blob_failure, explain_azure_error, is_refusal
from dedup_assets.resources.images.container_copies import copy_blob, delete_copied_blob, find_copied_blob
from dedup_assets.resources.images.left_out import LeftOut
from dedup_assets.resources.images.own_output import STORE_MARK, own_directory_in, tell_left_out
from dedup_assets.resources.images.source import Blob, require_organized
from dedup_assets.resources.locations import ContainerLocation

if TYPE_CHECKING:
    from obstore import GetOptions

Result = TypeVar("Result")

MOST_DECODED = 1_000_000_000
"""Bytes of a compressed blob: as many as any file may have."""

OTHERS = 20
"""Blobs that are asked for where one is refused: unless one of them is handed out, none is."""

_COMPRESSED = (b"\x1f\x8b", b"\x78")
_GZIP_OR_ZLIB = 47

_INEXPRESSIBLE = re.compile(r"^/|//|/$|(^|/)\.{1,2}(/|$)|[\x00-\x1f\x7f]")
"""Names that obstore refuses or, for slashes at either end, would silently shorten."""


class AzureImages:
    """The image blobs below a prefix of a container; an `ImageStore`."""

    def __init__(
        self,
        location: ContainerLocation,
        exclude: Sequence[str] = (),
        left_out: LeftOut | None = None,
        page_size: int = 5_000,
    ) -> None:
        self.location = location
        self.left_out = left_out or LeftOut()
        self.organized_root = f"{location.prefix or location.container}_deduplicated"
        self._start = f"{location.prefix}/" if location.prefix else ""
        inside = () if location.prefix else (self.organized_root,)
        self._excluded = tuple(f"{self._start}{directory}/" for directory in (*exclude, *inside))
        self._judged: set[tuple[str, str, str]] = set()
        self._walked: set[str] = set()
        self.unlisted: frozenset[str] = frozenset()
        self._page_size = page_size
        self._has_handed_out = False
        self._container = container_client(location)
        whole = ContainerLocation(location.account, location.container, "", location.account_url)
        self._bodies = open_object_store(whole)

    def check(self) -> None:
        """See `ImageStore.check`."""
        try:
            next(self._container.list_blobs(name_starts_with=self._start, results_per_page=1).by_page(), None)
        except AzureError as error:
            raise explain_azure_error(error, self.location) from None

    def list_blobs(self, prefix: str = "", recursive: bool = True) -> Iterator[Blob]:
        """See `ImageStore.list_blobs`; a million blobs are 200 pages, one in memory at a time."""
        if self.left_out.folder_glob_of(prefix):
            return
        for item in self._entries(prefix, recursive):
            if isinstance(item, BlobProperties):
                path = item.name.removeprefix(self._start)
                if not self.left_out.skips(path) and not self._marks_directory(item):
                    yield _describe(item, path)

    def list_directories(self, prefix: str = "") -> Iterator[str]:
        """See `ImageStore.list_directories`; slashes at the start of a name belong to its first part."""
        for item in self._entries(prefix, recursive=False):
            if isinstance(item, BlobPrefix):
                path = item.name.removeprefix(self._start)[:-1]
                if not self.left_out.prunes(path, self._container.list_blob_names(name_starts_with=item.name)):
                    yield path

    def read(self, path: str, etag: str, first: int | None = None) -> bytes:
        """See `ImageStore.read`; the service compares the etag."""
        name = self._start + path
        try:
            if _INEXPRESSIBLE.search(name):
                data = within(access.REQUEST_DEADLINE, partial(self._download, name, etag, first))
                self._has_handed_out = True
                return data
            asked: GetOptions = {"if_match": f'"{etag}"'}
            asked |= {} if first is None else {"range": (0, first)}
            answer = obstore.get(self._bodies, name, options=asked)
            self._has_handed_out = True
            return decoded(bytes(answer.bytes()), answer.attributes.get("Content-Encoding"), first, path)
        except (AzureError, BaseError, FileNotFoundError, TimeoutError) as error:
            failure = blob_failure(error, path, self.location)
            refused = is_refusal(error)
        if isinstance(failure, BlobChanged) and not self._container.get_blob_client(name).exists():
            raise BlobVanished(f"{path} is not there any more.")  # some services answer 412 for what is missing
        if refused and (self._has_handed_out or self._hands_out_others(name)):
            raise BlobUnavailable(f"{path} is refused by the service, which hands out others: see who may read it.")
        raise failure

    def _hands_out_others(self, refused: str) -> bool:
        """Whether the container can still be listed, and one of its first blobs be read."""
        try:
            page = next(
                self._container.list_blob_names(name_starts_with=self._start, results_per_page=OTHERS).by_page()
            )
            others = [name for name in page if name != refused and not _INEXPRESSIBLE.search(name)]
            return any(self._hands_out(name) for name in others)
        except AzureError:
            return False

    def _hands_out(self, name: str) -> bool:
        try:
            self._container.get_blob_client(name).get_blob_properties()
        except AzureError as error:
            return not is_refusal(error)
        return True

    def copy(self, path: str, destination: str) -> str:
        """See `ImageStore.copy`; no byte passes through this machine."""
        source = self._container.get_blob_client(self._start + path)
        target = self._container.get_blob_client(require_organized(destination, self.organized_root))
        try:
            return copy_blob(source, target, find_credential(self.location).sas)
        except AzureError as error:
            raise blob_failure(error, path, self.location) from None

    def find_copy(self, path: str, etag: str, destination: str) -> str | None:
        """See `ImageStore.find_copy`; the service says of what a blob is a copy."""
        target = self._container.get_blob_client(require_organized(destination, self.organized_root))
        try:
            return find_copied_blob(self._container.get_blob_client(self._start + path), target)
        except AzureError as error:
            raise blob_failure(error, destination, self.location) from None

    def delete_copy(self, destination: str, etag: str) -> None:
        """See `ImageStore.delete_copy`."""
        target = self._container.get_blob_client(require_organized(destination, self.organized_root))
        try:
            delete_copied_blob(target, etag)
        except AzureError as error:
            raise blob_failure(error, destination, self.location) from None

    def _entries(self, prefix: str, recursive: bool) -> Iterator[BlobProperties | BlobPrefix]:
        start = f"{self._start}{prefix}/" if prefix else self._start
        blobs = self._container.list_blobs(start, include=["metadata"], results_per_page=self._page_size)
        try:
            self._judge_directories_above(prefix)
            for item in blobs if recursive else self._level(start):
                if not self._leaves_out(item.name):
                    yield item
        except AzureError as error:
            raise explain_azure_error(error, self.location) from None

    def _leaves_out(self, name: str) -> bool:
        """True for what is excluded and what this project wrote itself; the log of a store is the first of its names."""
        found = own_directory_in(name.removeprefix(self._start))
        if found and found not in self._judged:
            self._judged.add(found)
            directory, needed, what = found
            if self._holds(needed):
                self._excluded += (f"{self._start}{directory}/",)
                tell_left_out(directory, f"it is {what}")
        return name.startswith(self._excluded)

    def _judge_directories_above(self, prefix: str) -> None:
        """Recognise a store that a listing below it would not show."""
        parts = prefix.split("/")
        for directory in ("/".join(parts[:count]) for count in range(1, len(parts))):
            mark = f"{directory}/{STORE_MARK}"
            if directory not in self._walked:
                self._walked.add(directory)
                if self._holds(mark):
                    self._leaves_out(self._start + mark)

    def _holds(self, prefix: str) -> bool:
        """True where a blob has a name that begins so."""
        names = self._container.list_blob_names(name_starts_with=self._start + prefix, results_per_page=1)
        return next(iter(names), None) is not None

    def _marks_directory(self, item: BlobProperties) -> bool:
        """True for the blob that stands for a directory: it says so, or it is empty and others lie below its name."""
        if (item.metadata or {}).get("hdi_isfolder", "").lower() == "true":
            return True
        return item.size == 0 and self._holds(f"{item.name.removeprefix(self._start)}/")

    def _level(self, start: str) -> Iterator[BlobProperties | BlobPrefix]:
        """What lies directly below `start`; a leading slash is no level of its own (the root's name is "" already)."""
        for item in self._container.walk_blobs(start, ["metadata"], delimiter="/", results_per_page=self._page_size):
            if item.name.removeprefix(self._start).strip("/"):
                yield item
            else:
                yield from self._level(item.name)

    def _download(self, name: str, etag: str, first: int | None) -> bytes:
        """Read by the SDK, whose patience ends only where nothing comes: a body that drips takes as long as it likes."""
        body = self._container.download_blob(
            name,
            0 if first else None,
            first,
            etag=f'"{etag}"',
            match_condition=MatchConditions.IfNotModified,
            max_concurrency=1,
            decompress=False,
        )
        return decoded(body.readall(), body.properties.content_settings.content_encoding, first, name)


def _describe(blob: BlobProperties, path: str) -> Blob:
    created_at = blob.creation_time or blob.last_modified
    return Blob(path, blob.etag.strip('"'), blob.size, created_at, blob.last_modified)


def decoded(data: bytes, encoding: object, first: int | None, path: str) -> bytes:
    """The bytes that a blob stands for where it is stored compressed, as its Content-Encoding says; at most `first` of them.

    Raises:
        BlobUnavailable: they are not compressed so, are cut short, or are more than MOST_DECODED.
    """
    if str(encoding).lower() not in ("gzip", "x-gzip", "deflate") or not data.startswith(_COMPRESSED):
        return data
    stream = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        found = stream.decompress(data, first or MOST_DECODED + 1)
    except zlib.error as error:
        raise BlobUnavailable(f"{path} is said to be {encoding}, and is not: {error}.") from None
    if len(found) > MOST_DECODED:
        raise BlobUnavailable(f"{path} holds more than {MOST_DECODED:,} bytes when it is decompressed.")
    if first is None and not stream.eof:
        raise BlobUnavailable(f"{path} is said to be {encoding}, and is cut short.")
    return found


def within(deadline: timedelta, work: Callable[[], Result]) -> Result:
    """Return what `work` returns, or raise what it raises.

    Raises:
        TimeoutError: it took longer. Its thread is left to itself: neither the caller nor the end of the process waits.
    """
    outcome: Future[Result] = Future()
    threading.Thread(target=_settle, args=(outcome, work), daemon=True).start()
    return outcome.result(deadline.total_seconds())


def _settle(outcome: "Future[Result]", work: Callable[[], Result]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001 (it is raised where the outcome is awaited)
        outcome.set_exception(error)
