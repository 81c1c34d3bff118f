"""Images in a folder.

Belongs here: listing and reading files. Does not belong here: how a file is copied (`folder_copies.py`), the spelling of
names (`file_names.py`), decoding.
"""

import io
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dedup_assets.errors import BlobChanged, BlobUnavailable, BlobVanished, DestinationTaken, StoreAccessError
from dedup_assets.resources.images.file_names import raw_name, readable_name
from dedup_assets.resources.images.folder_copies import copy_file, delete_file, delete_partial, is_copy
from dedup_assets.resources.images.left_out import LeftOut
from dedup_assets.resources.images.own_output import describe_own_folder, tell_left_out
from dedup_assets.resources.images.source import Blob, require_organized
from dedup_assets.resources.locations import FolderLocation

_log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_US = int((datetime.max.replace(tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1))
_NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class LocalImages:
    """The image files below a folder; an `ImageStore`."""

    def __init__(self, location: FolderLocation, exclude: Sequence[str] = (), left_out: LeftOut | None = None) -> None:
        self.location = location
        self.left_out = left_out or LeftOut()
        self.organized_root = f"{location.path.name or 'root'}_deduplicated"
        self._excluded = frozenset(exclude)
        if location.path.parent == location.path:
            self._excluded |= {self.organized_root}
        self.unlisted: set[str] = set()

    def check(self) -> None:
        """See `ImageStore.check`."""
        try:
            os.scandir(self.location.path).close()
        except OSError as error:
            raise _inaccessible(self.location.path, error) from None

    def list_blobs(self, prefix: str = "", recursive: bool = True) -> Iterator[Blob]:
        """See `ImageStore.list_blobs`."""
        pending = [] if self.left_out.folder_glob_of(prefix) else [prefix]
        while pending:
            for path, entry in self._entries(pending.pop()):
                if not _is_directory(entry):
                    if not self.left_out.skips(path):
                        yield from self._describe(path, entry)
                elif recursive and not self._prunes(path):
                    pending.append(path)

    def list_directories(self, prefix: str = "") -> Iterator[str]:
        """See `ImageStore.list_directories`."""
        folders = (path for path, entry in self._entries(prefix) if _is_directory(entry))
        return (path for path in folders if not self._prunes(path))

    def read(self, path: str, etag: str, first: int | None = None) -> bytes:
        """See `ImageStore.read`; the file is compared with its etag before and after."""
        try:
            # a pipe that took the file's place must not be waited for
            file = os.open(self._absolute(path), os.O_RDONLY | os.O_NONBLOCK)
            try:
                return _read_unchanged(file, path, etag, -1 if first is None else first)
            finally:
                os.close(file)
        except _NOT_THERE:
            self.check()
            raise BlobVanished(f"{path} is not there any more.") from None
        except OSError as error:
            raise BlobUnavailable(f"{path} cannot be read: {error.strerror}.") from None

    def copy(self, path: str, destination: str) -> str:
        """See `ImageStore.copy`; times are copied too."""
        source, target = self._absolute(path), self._destination(destination)
        try:
            copy_file(source, target)
            return _etag(target.stat())
        except _NOT_THERE:
            self.check()
            raise BlobVanished(f"{path} is not there any more.") from None
        except OSError as error:
            raise _inaccessible(Path(error.filename or target), error) from None

    def find_copy(self, path: str, etag: str, destination: str) -> str | None:
        """See `ImageStore.find_copy`; what was left half written is deleted."""
        source, target = self._absolute(path), self._destination(destination)
        try:
            delete_partial(target, levels=destination.count("/"))
            found = _etag(target.stat())
            is_ours = found == etag or is_copy(source, target)
        except _NOT_THERE:
            return None
        except OSError as error:
            raise _inaccessible(target, error) from None
        if not is_ours:
            raise DestinationTaken(f"{target} holds something else already.")
        return found

    def delete_copy(self, destination: str, etag: str) -> None:
        """See `ImageStore.delete_copy`; directories that become empty go too."""
        target = self._destination(destination)
        try:
            _require_unchanged(destination, etag, target.stat())
            delete_file(target, levels=destination.count("/"))
        except _NOT_THERE:
            raise BlobVanished(f"{destination} is not there any more.") from None
        except OSError as error:
            raise _inaccessible(target, error) from None

    def _entries(self, directory: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        folder = self._absolute(directory)
        start = f"{directory}/" if directory else ""
        try:
            with os.scandir(f"{folder}/.") as entries:  # the dot asks for the permission to search it, too
                for entry in entries:
                    path = start + readable_name(entry.name)
                    if path not in self._excluded and not (_is_directory(entry) and self._leaves_out(path, entry)):
                        yield path, entry
        except _NOT_THERE:
            self.check()
        except PermissionError as error:
            if not directory:
                raise _inaccessible(folder, error) from None
            self._note_unlisted(directory)
        except OSError as error:
            raise _inaccessible(folder, error) from None

    def _leaves_out(self, path: str, entry: os.DirEntry[str]) -> bool:
        """True for a directory that this project wrote itself, and for one that this user may not list."""
        if not os.access(entry.path, os.R_OK | os.X_OK, effective_ids=True):
            self._note_unlisted(path)
            return True
        if what := describe_own_folder(Path(entry.path)):
            tell_left_out(path, f"it is {what}")
        return what is not None

    def _prunes(self, directory: str) -> bool:
        """True for a directory that is left out by its name."""
        below = (file for _, _, files in os.walk(self._absolute(directory)) for file in files)
        return self.left_out.prunes(directory, below)

    def _note_unlisted(self, path: str) -> None:
        self.unlisted.add(path)
        tell_left_out(path, "this user may not list it")

    def _describe(self, path: str, entry: os.DirEntry[str]) -> Iterator[Blob]:
        """Yield the blob, or nothing for what is neither a file nor a link."""
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            _log.warning("Left out of the listing: %r: %s", path, error.strerror)
            return
        modified_at = _instant(status.st_mtime_ns)
        if stat.S_ISREG(status.st_mode):
            identity = (status.st_dev, status.st_ino) if status.st_ino else (None, None)
            now = _instant(status.st_ctime_ns), *identity, status.st_nlink
            yield Blob(path, _etag(status), status.st_size, modified_at, modified_at, *now)
        elif stat.S_ISLNK(status.st_mode):
            target, why_not = self._follow(Path(entry.path))
            etag = f"link {target or why_not}"
            yield Blob(path, etag, 0, modified_at, modified_at, link_target=target, link_error=why_not)

    def _follow(self, link: Path) -> tuple[str, None] | tuple[None, str]:
        """The path of the file that a link leads to in the end, or why there is none in the source."""
        told = f"It is a link to {str(link.readlink())!r}"
        try:
            target, root = link.resolve(strict=True), self.location.path.resolve()
            mode = target.stat().st_mode
        except RuntimeError:
            return None, f"{told}, in a circle."
        except OSError as cause:
            return None, f"{told}, where nothing can be read: {cause.strerror}."
        if not target.is_relative_to(root):
            return None, f"{told}, outside of the source."
        if not stat.S_ISREG(mode):
            return None, f"{told}, a {'folder' if stat.S_ISDIR(mode) else 'device'}."
        return readable_name(str(target.relative_to(root))), None

    def _absolute(self, path: str) -> Path:
        if path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{path!r} leads out of {self.location}.")
        return self.location.path / raw_name(path)

    def _destination(self, destination: str) -> Path:
        return self.location.path.parent / raw_name(require_organized(destination, self.organized_root))


def _is_directory(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _etag(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"


def _instant(time_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=min(time_ns // 1_000, _LATEST_US))


def _read_unchanged(file: int, path: str, etag: str, most: int) -> bytes:
    _require_unchanged(path, etag, os.fstat(file))
    data = io.FileIO(file, closefd=False).read(most) or b""
    _require_unchanged(path, etag, os.fstat(file))
    return data


def _require_unchanged(path: str, etag: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) or _etag(status) != etag:
        raise BlobChanged(f"{path} changed since it was listed.")


def _inaccessible(path: Path, error: OSError) -> StoreAccessError:
    reasons: dict[type[OSError], str] = {
        FileNotFoundError: "does not exist",
        NotADirectoryError: "is not a folder",
        PermissionError: "may not be opened by this user",
    }
    return StoreAccessError(f"{path} {reasons.get(type(error), f'cannot be used: {error.strerror}')}.")
