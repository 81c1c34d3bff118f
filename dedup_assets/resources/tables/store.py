"""Parquet tables by partition, in a folder or a container.

Belongs here: the layout of a table on disk, atomic commits, appending in parts, reading by projection.
Does not belong here: what the columns mean (`tables.py`), when work is up to date (`stages/stage.py`), other files
(`stored_files.py`).

A partition of a table is a directory of immutable Parquet parts and one `commit.json` that names the visible ones.
Replacing that file is the only step that changes what readers see, so that a killed writer leaves the old table whole
and at most one part that nobody sees. Parts that no commit names any more are deleted a day later: whoever read the
commit before still finds them. A column that a table has gained since a part was written is null in its rows.
"""

import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

import obstore
import polars as pl
import pyarrow.parquet as pq

from dedup_assets.contracts import Table
from dedup_assets.resources.azure.access import open_object_store
from dedup_assets.resources.locations import parse_location
from dedup_assets.resources.tables.commits import Commit, Part, partition_directory
from dedup_assets.resources.tables.parquet import encode_parquet, open_parquet, to_frame
from dedup_assets.resources.tables.stored_files import StoredFiles, is_old

COMMIT_FILE = "commit.json"
BLOCK_BYTES = 5 << 20
"""A larger file is sent in blocks of this size, of which one that fails is sent again alone."""


class TableStore(StoredFiles):
    """All tables of one project, and the files beside them."""

    def commit_of(self, table: Table, partition: str) -> Commit:
        """The visible state of a partition; an empty commit where nothing was ever written."""
        document = self.read_document(f"{_directory(table.name, partition)}/{COMMIT_FILE}")
        if document is None:
            return Commit(table.name, partition)
        return Commit(**{**document, "parts": tuple(Part(**part) for part in document["parts"])})

    def begin(self, table: Table, partition: str) -> Commit:
        """As `commit_of`, for who is going to change it; parts that were replaced a day ago are deleted before."""
        commit = self.commit_of(table, partition)
        young = {name: when for name, when in commit.replaced.items() if not is_old(datetime.fromisoformat(when))}
        if len(young) == len(commit.replaced):
            return commit
        self.delete_old(_directory(table.name, partition), {COMMIT_FILE, *commit.part_names, *young})
        begun = replace(commit, replaced=young)
        return self.publish(begun) if self.commit_of(table, partition) == commit else begun

    def partitions(self, table: Table) -> list[str]:
        """Keys of the partitions that hold a commit, sorted."""
        return sorted(self._key_of(entry["path"]) for entry in self._commits(table))

    def settled_partitions(self, table: Table) -> list[str]:
        """Those of them whose commit has stood for a day, sorted: who read what was visible before is done with it."""
        return sorted(self._key_of(entry["path"]) for entry in self._commits(table) if is_old(entry["last_modified"]))

    def read(self, table: Table, partition: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All visible rows of a partition, the named columns only."""
        return self.read_parts(table, partition, self.commit_of(table, partition).parts, columns)

    def read_many(
        self, table: Table, partitions: Collection[str] | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """The rows of several partitions (None: of all), the named columns only."""
        keys = self.partitions(table) if partitions is None else partitions
        frames = [self.read(table, key, columns) for key in keys]
        return pl.concat([_empty(table, columns), *frames])

    def read_parts(
        self, table: Table, partition: str, parts: Sequence[Part], columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """The rows of the given parts."""
        empty = _empty(table, columns)
        frames = [to_frame(self._open(table, partition, part).read(columns=empty.columns)) for part in parts]
        return pl.concat([empty, *frames], how="diagonal")

    def read_rows(
        self, table: Table, partition: str, key: str, values: pl.Series, columns: Sequence[str]
    ) -> pl.DataFrame:
        """Rows whose `key` is among `values`; reads only the row groups that hold one of them."""
        parts = self.commit_of(table, partition).parts
        groups = (self._pick(self._open(table, partition, part), key, values, columns) for part in parts)
        return pl.concat([_empty(table, columns), *(frame for frames in groups for frame in frames)], how="diagonal")

    def append(self, commit: Commit, table: Table, frame: pl.DataFrame) -> Commit:
        """Make one more part visible and return the new state; nothing is written for an empty frame."""
        if frame.is_empty():
            return commit
        part = self._write_part(table, commit.partition, frame)
        return self.publish(replace(commit, parts=(*commit.parts, part)))

    def rewrite(
        self,
        table: Table,
        partition: str,
        frame: pl.DataFrame,
        fingerprint: str,
        details: Mapping[str, Any] | None = None,
    ) -> Commit:
        """Replace a partition by `frame`."""
        before = self.begin(table, partition)
        data = encode_parquet(table, frame)
        if [part.sha256 for part in before.parts] == [_sha256(data)]:
            return self.publish(replace(before, fingerprint=fingerprint, details=details or {}))
        parts = (self._put_part(table, partition, frame.height, data),) if frame.height else ()
        return self._replace(before, Commit(table.name, partition, parts, fingerprint, details or {}))

    def drop_rows(self, commit: Commit, table: Table, key: str, keep: pl.Series) -> Commit:
        """Drop the rows whose `key` is not in `keep`, rewriting only the parts that hold such rows."""
        return self.filter_rows(commit, table, [key], pl.col(key).is_in(keep.implode()))

    def filter_rows(self, commit: Commit, table: Table, columns: Sequence[str], condition: pl.Expr) -> Commit:
        """Keep the rows that fulfil a condition on the named columns, rewriting only the parts that hold others."""
        parts = [self._filter_part(table, commit.partition, part, columns, condition) for part in commit.parts]
        after = replace(commit, parts=tuple(part for part in parts if part is not None))
        return self._replace(commit, after) if after.parts != commit.parts else commit

    def merge_small_parts(self, commit: Commit, table: Table, small_rows: int, max_small: int) -> Commit:
        """Merge the parts under `small_rows` rows into one as soon as there are more than `max_small` of them."""
        small = [part for part in commit.parts if part.rows < small_rows]
        if len(small) <= max_small:
            return commit
        merged = self._write_part(table, commit.partition, self.read_parts(table, commit.partition, small))
        return self._replace(commit, replace(commit, parts=(*(p for p in commit.parts if p not in small), merged)))

    def delete_replaced(self, table: Table, partition: str) -> None:
        """Delete at once the parts that are visible no more, which takes them from under any run that still reads them."""
        kept = self.commit_of(table, partition).part_names
        for entry in self.list_files(_directory(table.name, partition)):
            name = entry["path"].rsplit("/", 1)[-1]
            if name.endswith(".parquet") and name not in kept:
                self.delete(entry["path"])

    def remove(self, table: Table, partition: str) -> None:
        """Remove a partition that has been empty for a day, the commit last: after a kill it is found again, and still empty."""
        self.delete_old(_directory(table.name, partition), {COMMIT_FILE, *self.commit_of(table, partition).part_names})
        self.delete(f"{_directory(table.name, partition)}/{COMMIT_FILE}")

    def publish(self, commit: Commit) -> Commit:
        """Make `commit` the visible state of its partition."""
        self.write_document(f"{_directory(commit.table, commit.partition)}/{COMMIT_FILE}", asdict(commit))
        return commit

    def _commits(self, table: Table) -> "Iterator[obstore.ObjectMeta]":
        return (each for each in self.list_files(f"tables/{table.name}") if each["path"].endswith(f"/{COMMIT_FILE}"))

    def _key_of(self, commit_path: str) -> str:
        name = commit_path.rsplit("/", 2)[-2]
        if "~" not in name:
            return unquote(name)
        document: dict[str, Any] = self.read_document(commit_path) or {"partition": name}
        return str(document["partition"])

    def _open(self, table: Table, partition: str, part: Part) -> pq.ParquetFile:
        return open_parquet(self.store, f"{_directory(table.name, partition)}/{part.name}")

    def _pick(
        self, file: pq.ParquetFile, key: str, values: pl.Series, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        for number in range(file.num_row_groups):
            wanted = to_frame(file.read_row_group(number, columns=[key]))[key].is_in(values.implode())
            if wanted.any():
                yield to_frame(file.read_row_group(number, columns=list(columns))).filter(wanted)

    def _write_part(self, table: Table, partition: str, frame: pl.DataFrame) -> Part:
        return self._put_part(table, partition, frame.height, encode_parquet(table, frame))

    def _put_part(self, table: Table, partition: str, rows: int, data: Sequence[bytes]) -> Part:
        size = sum(map(len, data))
        part = Part(f"{uuid.uuid4().hex}.parquet", rows, size, _sha256(data))
        path = f"{_directory(table.name, partition)}/{part.name}"
        obstore.put(self.store, path, data, use_multipart=size > BLOCK_BYTES, chunk_size=BLOCK_BYTES)
        return part

    def _filter_part(
        self, table: Table, partition: str, part: Part, columns: Sequence[str], condition: pl.Expr
    ) -> Part | None:
        kept = self.read_parts(table, partition, [part], columns).select(kept=condition)["kept"]
        if kept.all():
            return part
        if not kept.any():
            return None
        return self._write_part(table, partition, self.read_parts(table, partition, [part]).filter(kept))

    def _replace(self, before: Commit, after: Commit) -> Commit:
        """Make `after` visible, and note what it no longer names."""
        gone = dict.fromkeys(set(before.part_names).difference(after.part_names), datetime.now(UTC).isoformat())
        return self.publish(replace(after, replaced={**before.replaced, **gone}))


@cache
def open_tables(store: str) -> TableStore:
    """The tables at an address, opened once a process."""
    return TableStore(open_object_store(parse_location(store)))


def _directory(table: str, partition: str) -> str:
    return f"tables/{table}/{partition_directory(partition)}"


def _sha256(pieces: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _names(table: Table, columns: Sequence[str] | None) -> list[str]:
    return table.column_names if columns is None else list(columns)


def _empty(table: Table, columns: Sequence[str] | None) -> pl.DataFrame:
    return table.empty().select(_names(table, columns))
