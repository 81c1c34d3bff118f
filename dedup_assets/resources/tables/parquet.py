"""One Parquet file of a table: its bytes, and reading parts of it from an object store.

Belongs here: the format of the file. Does not belong here: which files make up a table (`store.py`).
"""

import io
from typing import Any

import obstore
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from obstore.store import ObjectStore

from dedup_assets.contracts import Table

_ARROW_LEVEL = pl.CompatLevel.oldest()

pa.set_memory_pool(pa.system_memory_pool())
"""pyarrow's own allocator keeps what was freed, 50 MB a process once some groups of rows were read."""


def encode_parquet(table: Table, frame: pl.DataFrame) -> list[bytes]:
    """A frame as the pieces of a Parquet file, in their order; equal frames, equal bytes, however they lie in memory.

    Bytes are left as they are: JPEG files, hashes and 64x64 gray pictures would shrink by 5 % in four times the time.
    To save memory, one group of rows at a time becomes Arrow, and the pieces are not joined.

    Raises:
        TableContractError: the frame breaks the contract of its table.
    """
    conformed, sink = table.conform(frame), _Pieces()
    schema = table.empty().to_arrow(compat_level=_ARROW_LEVEL).schema
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, **_encodings(table)) as file:
        for group in conformed.iter_slices(table.rows_at_once):
            file.write_table(group.rechunk().to_arrow(compat_level=_ARROW_LEVEL))
    return sink.pieces


class _Pieces(io.RawIOBase):
    """A file open for writing that keeps each piece as it came."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self.pieces.append(bytes(piece))
        return len(self.pieces[-1])


def _encodings(table: Table) -> dict[str, Any]:
    """How the columns are written, in the words of `pyarrow.parquet.ParquetWriter`."""
    plain = [name for name, dtype in table.schema.items() if dtype != pl.Binary]
    codecs = {each.name: "zstd" if each.shrinks or each.name in plain else "none" for each in table.columns}
    return {"compression": codecs, "use_dictionary": plain, "write_statistics": plain, "write_page_checksum": True}


def open_parquet(store: ObjectStore, path: str) -> pq.ParquetFile:
    """A Parquet file of which only the columns and row groups asked for travel; checksums of pages, if any, are verified.

    Raises:
        FileNotFoundError: there is none at `path`.
        OSError, pyarrow.ArrowException: it is damaged, which reading may tell as well.
    """
    file = pa.PythonFile(_RangeReader(obstore.open_reader(store, path)), mode="r")
    return pq.ParquetFile(file, page_checksum_verification=True)


def to_frame(table: pa.Table) -> pl.DataFrame:
    """An Arrow table as a frame."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


class _RangeReader(io.RawIOBase):
    """What pyarrow asks of a file, over ranged reads of an object."""

    def __init__(self, reader: "obstore.ReadableFile") -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()

    def read(self, size: int = -1) -> bytes:
        return bytes(self._reader.read(None if size < 0 else size))
