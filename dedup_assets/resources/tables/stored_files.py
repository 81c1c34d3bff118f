"""Files and JSON documents in a store: a folder or a container.

Belongs here: reading, writing and deleting them by path. Does not belong here: tables (`store.py`).
"""

import contextlib
import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import obstore
from obstore.store import ObjectStore

PARTS_OUTLIVE = timedelta(days=1)
"""Two runs on one partition each end with a whole view of their own, as long as no part vanishes from under them."""


class StoredFiles:
    """All files of one store."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def read_bytes(self, path: str) -> bytes | None:
        """A file, None where there is none."""
        try:
            return bytes(obstore.get(self.store, path).bytes())
        except FileNotFoundError:
            return None

    def read_document(self, path: str) -> Any | None:
        """A JSON document, None where there is none."""
        data = self.read_bytes(path)
        return None if data is None else json.loads(data)

    def write_document(self, path: str, document: Any) -> None:
        """Write a JSON document atomically."""
        self.write_bytes(path, json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode())

    def create_document(self, path: str, document: Any) -> None:
        """Write a JSON document that must not be there yet.

        Raises:
            obstore.exceptions.AlreadyExistsError: another writer was first.
        """
        obstore.put(self.store, path, json.dumps(document, ensure_ascii=False).encode(), mode="create")

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file atomically."""
        obstore.put(self.store, path, data)

    def delete(self, path: str) -> None:
        """Delete a file, which another run may have done before."""
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self.store, path)

    def list_files(self, directory: str) -> "Iterator[obstore.ObjectMeta]":
        """The files below a directory, in no order."""
        return (entry for page in obstore.list(self.store, prefix=directory) for entry in page)

    def delete_old(self, directory: str, kept: Collection[str]) -> None:
        """Delete the files of a directory but those to keep and the young ones, which may be another run's at work."""
        for entry in self.list_files(directory):
            if entry["path"].rsplit("/", 1)[-1] not in kept and is_old(entry["last_modified"]):
                self.delete(entry["path"])


def is_old(when: datetime) -> bool:
    """Whether something happened so long ago that nobody is at work any more with what was before."""
    return when < datetime.now(UTC) - PARTS_OUTLIVE
