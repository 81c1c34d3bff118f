"""Files and JSON documents in a store: a folder or a container.

Belongs here: reading, writing and deleting them by path, and second copies of those that cannot be made again. Does not belong
here: tables (`store.py`), how bytes reach a disk (`durable.py`).
"""

import contextlib
import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, Any, Literal

import obstore
from obstore.store import LocalStore, ObjectStore

from dedup_assets.errors import DamagedStoreError, StoreAccessError
from dedup_assets.resources.tables.durable import write_durably

PARTS_OUTLIVE = timedelta(days=1)
"""Two runs on one partition each end with a whole view of their own, as long as no part vanishes from under them."""

BLOCK_BYTES = 5 << 20
"""A larger file is sent to a container in blocks of this size, of which one that fails is sent again alone."""

IRREPLACEABLE = ("decisions.json", "project.json", "embedding_model.json", "layout/", "tables/organized_blobs/")
"""What a run cannot make again: what people decided, from where and how the store was filled, the journal of copies."""

SECOND_COPIES = "second_copies"
"""The folder in which a second copy of each of them lies, by its path."""

_log = logging.getLogger(__name__)


class StoredFiles:
    """All files of one store."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self._folder = store.prefix if isinstance(store, LocalStore) else None

    def read_bytes(self, path: str) -> bytes | None:
        """A file, None where there is none."""
        try:
            return bytes(obstore.get(self.store, path).bytes())
        except FileNotFoundError:
            return None

    def size_of(self, path: str) -> int | None:
        """The bytes that a file has, None where there is none."""
        try:
            return int(obstore.head(self.store, path)["size"])
        except FileNotFoundError:
            return None

    def read_document(self, path: str) -> Any | None:
        """A JSON document, None where there is none, or none that can be read of what is made again.

        Raises:
            DamagedStoreError: it cannot be read, and cannot be made again.
        """
        data = self.read_bytes(path)
        try:
            return None if data is None else json.loads(data)
        except ValueError:
            refuse_loss(path)
            _log.warning("%s is damaged, and is made again.", path)
            return None

    def write_document(self, path: str, document: Any) -> None:
        """Write a JSON document atomically."""
        self.put(path, [json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode()])

    def create_document(self, path: str, document: Any) -> None:
        """Write a JSON document that must not be there yet.

        Raises:
            AlreadyExistsError: another writer was first.
            StoreAccessError: the store cannot be written, or cannot tell who was first.
        """
        self.put(path, [json.dumps(document, ensure_ascii=False).encode()], create=True)

    def write_bytes(self, path: str, data: bytes | IO[bytes]) -> None:
        """Write a file atomically that can be made again, a large one from an open file: a power cut may cost it."""
        obstore.put(self.store, path, data)

    def put(self, path: str, pieces: Sequence[bytes], create: bool = False, keep_name: bool = True) -> None:
        """Write a file, and the second copy of one that cannot be made again; as `write_durably` in a folder."""
        if self._folder:
            write_durably(self._folder / path, pieces, create, keep_name)
        else:
            self._send(path, pieces, create)
        if is_irreplaceable(path):
            self.put(f"{SECOND_COPIES}/{path}", pieces)

    def _send(self, path: str, pieces: Sequence[bytes], create: bool) -> None:
        size = sum(map(len, pieces))
        in_blocks = size > BLOCK_BYTES and not create
        mode: Literal["create", "overwrite"] = "create" if create else "overwrite"
        obstore.put(self.store, path, pieces, mode=mode, use_multipart=in_blocks, chunk_size=BLOCK_BYTES)
        if is_irreplaceable(path) and (stored := self.size_of(path)) != size:
            raise StoreAccessError(f"The container took {stored} of the {size} bytes of {path}: run again.")

    def delete(self, path: str) -> None:
        """Delete a file, which another run may have done before, and its second copy."""
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self.store, path)
        if is_irreplaceable(path):
            self.delete(f"{SECOND_COPIES}/{path}")

    def list_files(self, directory: str) -> "Iterator[obstore.ObjectMeta]":
        """The files below a directory, in no order."""
        return (entry for page in obstore.list(self.store, prefix=directory) for entry in page)


def is_old(when: datetime) -> bool:
    """Whether something happened so long ago that nobody is at work any more with what was before."""
    return when < datetime.now(UTC) - PARTS_OUTLIVE


def is_irreplaceable(path: str) -> bool:
    """Whether a file cannot be made again, so that it has a second copy."""
    return path.startswith(IRREPLACEABLE)


def refuse_loss(path: str) -> None:
    """Stop rather than take a damaged file for absent that cannot be made again.

    Raises:
        DamagedStoreError: it cannot.
    """
    if is_irreplaceable(path):
        raise DamagedStoreError(
            f"{path} in the store is damaged, and no run can make again what it holds: `dedup-assets doctor --repair` takes it "
            f"from its second copy, {SECOND_COPIES}/{path}."
        )
