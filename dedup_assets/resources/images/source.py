"""What every source of images can do.

Belongs here: the protocol and the listed blob, for folders and containers alike.
Does not belong here: how a folder (`folder.py`) or a container (`container.py`) does it, or which of the two it is
(`opening.py`); decoding.
"""

from collections.abc import Iterator, Set
from datetime import datetime
from typing import NamedTuple, Protocol

from dedup_assets.resources.images.left_out import LeftOut
from dedup_assets.resources.locations import Location


class Blob(NamedTuple):
    """One listed file, of which nothing was downloaded.

    `path` is its exact name relative to the source's root, parts separated by "/". `etag` changes whenever the content
    does. Times are UTC; `created_at` is the time of modification where the source does not tell. What follows only folders
    know: when anything of the file changed, which file of which device it is, and how many names (hard links) this has.
    A symbolic link holds no bytes; it has `link_target`, the path of the file it leads to in the end, or `link_error`, why
    that is none of the source.
    """

    path: str
    etag: str
    size_bytes: int
    created_at: datetime
    modified_at: datetime
    changed_at: datetime | None = None
    device: int | None = None
    inode: int | None = None
    link_count: int | None = None
    link_target: str | None = None
    link_error: str | None = None

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.link_target is not None or self.link_error is not None


class ImageStore(Protocol):
    """A folder or container of images: read, listed, and copied within itself, never changed."""

    @property
    def location(self) -> Location:
        """Where the images are."""

    @property
    def organized_root(self) -> str:
        """The directory beside the images that copies go to, relative to the source's parent folder or container.

        It is never listed.
        """

    @property
    def unlisted(self) -> Set[str]:
        """The directories that listings so far met and this user may not list; what lies in them is unknown."""

    @property
    def left_out(self) -> LeftOut:
        """What listings so far left out by name."""

    def check(self) -> None:
        """Find out at once whether the source can be listed.

        Raises:
            StoreAccessError: it is missing, refuses the credentials, or cannot be reached.
        """

    def list_blobs(self, prefix: str = "", recursive: bool = True) -> Iterator[Blob]:
        """List the blobs of the directory `prefix` ("" is the root), in no particular order, in flat memory.

        Without `recursive` only those directly in it. A directory that does not exist is empty; one that may not be
        listed is, too, and stands in `unlisted`. What this project wrote itself is left out (`own_output.py`), and what
        `left_out` finds. Symbolic links are listed, and not followed.

        Raises:
            StoreAccessError: the source cannot be listed, or a directory of it for another cause than permission.
        """

    def list_directories(self, prefix: str = "") -> Iterator[str]:
        """List the paths of the directories directly in the directory `prefix`.

        Raises:
            StoreAccessError: the source, or a directory of it, cannot be listed.
        """

    def read(self, path: str, etag: str, first: int | None = None) -> bytes:
        """Read one blob, or its first so many bytes, exactly as it was listed.

        Raises:
            BlobVanished, BlobChanged, BlobUnavailable: this blob cannot be read.
            StoreAccessError: none can.
        """

    def copy(self, path: str, destination: str) -> str:
        """Copy a blob, inside the store, to a place below `organized_root`, and return the copy's etag.

        A copy that is there already, with the same content, counts as done.

        Raises:
            DestinationTaken: something else is there.
            BlobVanished: the source of the copy is not there.
            ValueError: the destination does not lie below `organized_root`.
        """

    def find_copy(self, path: str, etag: str, destination: str) -> str | None:
        """The etag of the copy that a `copy` of this blob made, which nobody saw end; None where nothing is.

        Raises:
            DestinationTaken: something else is there.
            BlobUnavailable: the service will not say.
            ValueError: the destination does not lie below `organized_root`.
        """

    def delete_copy(self, destination: str, etag: str) -> None:
        """Undo `copy`: delete what lies at `destination` if it is still the copy with this etag.

        Raises:
            BlobChanged: it is another one by now, and stays.
            BlobVanished: it is not there.
        """


def require_organized(destination: str, organized_root: str) -> str:
    """Return the destination of a copy.

    Raises:
        ValueError: it does not lie below `organized_root`.
    """
    inside = destination.removeprefix(f"{organized_root}/")
    if inside == destination or {"", ".", ".."} & set(inside.split("/")):
        raise ValueError(f"{destination!r} does not lie below {organized_root!r}, where copies go.")
    return destination
