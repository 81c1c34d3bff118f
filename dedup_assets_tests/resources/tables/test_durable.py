"""Files that outlive a power cut, and a file system that cannot tell who was first."""

import ctypes
import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from obstore.exceptions import AlreadyExistsError

from dedup_assets.errors import StoreAccessError
from dedup_assets.resources.tables.durable import write_durably

WITHOUT_LINKS = """
import sys
from pathlib import Path
from dedup_assets.errors import StoreAccessError
from dedup_assets.resources.tables.durable import write_durably
from dedup_assets_tests.resources.tables.test_durable import refuse_links
refuse_links()
folder = Path(sys.argv[1])
write_durably(folder / "replaced", [b"may be written"])
try:
    write_durably(folder / "created", [b"may not"], create=True)
except StoreAccessError as error:
    print(error)
"""
LINKS = {"x86_64": (86, 265), "aarch64": (37,)}
"""The numbers of the system calls link and linkat."""


def refuse_links() -> None:
    """Have the kernel refuse hard links to this process, as file systems that have none do."""
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = LINKS[platform.machine()]
    steps = [(0x20, 0, 0, 0)]  # load the number of the call
    steps += [(0x15, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | 95)]  # allow all others; "operation not supported"
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, program, 0, 0) == 0


def test_a_file_is_replaced_or_created_once_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a/b/c"
    write_durably(path, [b"1", b"2"], create=True)
    with pytest.raises(AlreadyExistsError):
        write_durably(path, [b"3"], create=True)
    assert path.read_bytes() == b"12"
    write_durably(path, [b"4"])
    assert path.read_bytes() == b"4"
    assert [*path.parent.iterdir()] == [path]


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no folder")
    with pytest.raises(StoreAccessError, match=r"a/b cannot be written: .*run again"):
        write_durably(tmp_path / "a/b/c", [b"1"])


def test_a_file_system_without_hard_links_stops_in_one_sentence(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_LINKS, str(tmp_path)], check=True, capture_output=True, text=True
    )
    [sentence] = run.stdout.splitlines()
    assert "without hard links" in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["replaced"]
