"""Files of a folder that outlive a power cut: each is there whole or not at all, and stays once writing it has returned.

Belongs here: the order in which file, name and directory reach the disk, which the store's own library leaves to the system.
Does not belong here: containers, which answer only when they have it; what is written (`stored_files.py`).
"""

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from obstore.exceptions import AlreadyExistsError

from dedup_assets.errors import StoreAccessError

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def write_durably(path: Path, pieces: Iterable[bytes], create: bool = False, keep_name: bool = True) -> None:
    """Write a file whose bytes are on disk before its name is there, and its name before this returns.

    With `create` there must be none yet: of two who write at once, one is refused. Without `keep_name` the name itself
    reaches the disk with the next one of its directory for which that was asked.

    Raises:
        AlreadyExistsError: there is one, with `create`.
        StoreAccessError: the folder cannot be written, or lies where files cannot be created like that.
    """
    staged = path.with_name(f".{uuid4().hex}.staged")
    try:
        _make(path.parent)
        try:
            with staged.open("xb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            _name(staged, path, create)
        finally:
            staged.unlink(missing_ok=True)
        if keep_name:
            _sync(path.parent)
    except OSError as error:
        raise StoreAccessError(
            f"{path.parent} cannot be written: {error.strerror}. Mend that and run again: what was done is kept."
        ) from error


def _name(staged: Path, path: Path, create: bool) -> None:
    if not create:
        staged.replace(path)
        return
    try:
        os.link(staged, path)
    except FileExistsError:
        raise AlreadyExistsError(str(path)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise StoreAccessError(
            f"{path.parent} lies on a file system without hard links, by which of two runs at once neither overwrites the "
            "other: give --store a folder on another one, or a container."
        ) from error


def _make(directory: Path) -> None:
    if not directory.is_dir():
        _make(directory.parent)
        directory.mkdir(exist_ok=True)
        _sync(directory.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
