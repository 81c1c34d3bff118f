"""Folders and files that may not be opened, for users whom no mode stops as well.

Belongs here: taking permissions away and giving them back. Does not belong here: tests.
"""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VERSION_3 = 0x20080522
_IGNORES_MODES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: what lets root open everything (capabilities(7))."""


@contextmanager
def closed(path: Path) -> Iterator[None]:
    """This thread may not open the path, not even as root."""
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        with _bound_by_modes():
            yield
    finally:
        path.chmod(mode)


@contextmanager
def _bound_by_modes() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    before = _capabilities()
    _set_capabilities((before[0] & ~_IGNORES_MODES, *before[1:]))
    try:
        yield
    finally:
        _set_capabilities(before)


def _capabilities() -> tuple[int, ...]:
    """The effective, permitted and inheritable capabilities of this thread, the low 32 bits and then the high ones."""
    data = ctypes.create_string_buffer(24)
    _call("capget", data)
    return struct.unpack("6I", data.raw)


def _set_capabilities(capabilities: tuple[int, ...]) -> None:
    _call("capset", ctypes.create_string_buffer(struct.pack("6I", *capabilities), 24))


def _call(name: str, data: "ctypes.Array[ctypes.c_char]") -> None:
    header = ctypes.create_string_buffer(struct.pack("Ii", _VERSION_3, 0), 8)
    if ctypes.CDLL(None, use_errno=True)[name](header, data) != 0:
        raise OSError(ctypes.get_errno(), f"{name} failed")
