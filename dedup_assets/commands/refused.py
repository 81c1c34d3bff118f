"""What the machine refuses to a command, in one sentence: room, writing, a store that was there.

Belongs here: telling such errors, whichever library met them, from errors of this program. Does not belong here: errors that
say it themselves (`errors.py`).
"""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from dedup_assets.settings import POLICIES

NO_ROOM = (
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG},
    r"database or disk is full",
    "There is no room left {where}: make some, and start the same command again, which goes on from what was done.",
)
READ_ONLY = (
    {errno.EROFS},
    r"attempt to write a readonly database",
    "Nothing can be written {where}, which is read-only: make it writable, or give --store another folder.",
)
NOT_OURS = (
    {errno.EACCES, errno.EPERM},
    r"(?!)",
    "This user may not read or write {where}: become its owner, have its permissions changed, or give --store another folder.",
)
OS_ERROR = re.compile(r"(?P<path>/[^:\n]*)?:? [^/\n]*\(os error (?P<number>\d+)\)")
"""How obstore ends its errors of a folder."""

DISK_FULL_STATE = "53100"


def refusal_of(error: BaseException) -> str:
    """The sentence for an error, or one behind it, that the machine brought about; "" for any other."""
    home = os.environ.get("DAGSTER_HOME", "")
    is_prepared = os.environ.get(POLICIES) == f"{home}/policies.yaml"  # not one that a person named for something else
    if is_prepared and not (Path(home) / "dagster.yaml").exists():
        return (
            f"{Path(home).parent} was removed, or its disk taken away, while it was used: start the same command again."
        )
    for each in _behind(error):
        number, where = _number_and_place(each)
        for numbers, text, sentence in (NO_ROOM, READ_ONLY, NOT_OURS):
            if number in numbers or re.search(text, str(each)):
                return sentence.format(where=where or f"in {home}, where Dagster's records are")
    return ""


def _number_and_place(error: BaseException) -> tuple[int | None, str]:
    if isinstance(error, OSError) and error.errno:
        return error.errno, f"in {error.filename}" if error.filename else "on a disk that is needed"
    if getattr(error, "sqlstate", None) == DISK_FULL_STATE:
        return errno.ENOSPC, "on the disk of the database"
    found = OS_ERROR.search(str(error))
    return (int(found["number"]), f"in {found['path']}" if found["path"] else "in the store") if found else (None, "")


def _behind(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was raised from; one that was handled when it came about has no part in it."""
    behind: BaseException | None = error
    while behind:
        yield behind
        behind = behind.__cause__
