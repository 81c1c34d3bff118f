"""Copies of files that never overwrite anything, and taking them back.

Belongs here: one copy on the file systems of this machine. Does not belong here: where copies go, or what an error
means to the one who asked.
"""

import errno
import filecmp
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
    for parent in target.parents[:levels]:
        if any(parent.iterdir()):
            break
        parent.rmdir()


def _copy_to_free_name(source: Path, target: Path) -> None:
    partial = target.parent / f".partial-{uuid.uuid4().hex}"
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
