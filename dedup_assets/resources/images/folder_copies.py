"""Copies of files that never overwrite anything, and taking them back.

Belongs here: one copy on the file systems of this machine. Does not belong here: where copies go, or what an error
means to the one who asked.
"""

import contextlib
import errno
import filecmp
import hashlib
import shutil
import uuid
from pathlib import Path

from dedup_assets.errors import DestinationTaken

_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def copy_file(source: Path, target: Path) -> None:
    """Copy content and times to a name that is free; the target appears whole or not at all.

    Raises:
        DestinationTaken: another content is there.
        OSError: the system refused.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise DestinationTaken(f"{target.parent} is a file already.") from None
    if not target.exists():
        _copy_to_free_name(source, target)
    if not filecmp.cmp(source, target, shallow=False):
        raise DestinationTaken(f"{target} holds something else already.")


def delete_file(target: Path, levels: int) -> None:
    """Delete a file, and of the `levels` directories above it those that become empty.

    Raises:
        OSError: the system refused.
    """
    target.unlink()
    _remove_empty(target, levels)


def delete_partial(target: Path, levels: int) -> None:
    """Delete what a copy to `target` that was killed left half written, and the directories that it made for nothing else.

    Raises:
        OSError: the system refused.
    """
    if target.parent.is_dir():
        for partial in target.parent.glob(f"{partials_of(target)}*"):
            partial.unlink(missing_ok=True)
        _remove_empty(target, levels)


def is_copy(source: Path, target: Path) -> bool:
    """True where both are there, with equal bytes."""
    return source.is_file() and target.is_file() and filecmp.cmp(source, target, shallow=False)


def _remove_empty(target: Path, levels: int) -> None:
    with contextlib.suppress(OSError):  # another is in it, or another thread removed it
        for parent in target.parents[:levels]:
            parent.rmdir()


def partials_of(target: Path) -> str:
    """How the names begin under which copies grow before they have their name: by them they are found after a kill."""
    return f".partial-{hashlib.sha256(target.name.encode(errors='surrogateescape')).hexdigest()[:32]}"


def _copy_to_free_name(source: Path, target: Path) -> None:
    """Copy through a file of this call alone: two runs that make the same copy write to no common one."""
    partial = target.parent / f"{partials_of(target)}-{uuid.uuid4().hex}"
    try:
        shutil.copy2(source, partial)
        _rename_to_free_name(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _rename_to_free_name(partial: Path, target: Path) -> None:
    try:
        target.hardlink_to(partial)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS or target.exists():
            raise
        partial.replace(target)
