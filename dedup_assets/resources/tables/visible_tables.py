"""What is visible of the tables: which partitions there are, their rows, and what of them is damaged.

Belongs here: reading by projection, and what becomes of a file that cannot be read. Does not belong here: changing a partition
(`store.py`), which commit is the newest (`commit_log.py`).

A column that a table has gained since a part was written is null in its rows. A damaged partition of an asset stops who reads
it, until its own stage begins and takes it for absent; of what is only remembered, the damaged part is taken for absent at once;
what cannot be made again stops every run.
"""

import hashlib
import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial

import polars as pl
import pyarrow as pa
from obstore.store import ObjectStore

from dedup_assets.contracts import Table
from dedup_assets.errors import DamagedStoreError, StoreChangedError
from dedup_assets.resources.tables.commit_log import NOTED, CommitLog, Overtaken
from dedup_assets.resources.tables.commits import Commit, Part
from dedup_assets.resources.tables.parquet import open_parquet, to_frame
from dedup_assets.resources.tables.stored_files import StoredFiles, is_old, refuse_loss
from dedup_assets.tables import AUXILIARY_TABLES, EMBEDDINGS

READ_AT_ONCE = 16
"""Commits that are on their way at once: from a container an answer takes some 20 ms."""

HOSTED = "http"
"""The provider whose vectors may have cost money."""

_log = logging.getLogger(__name__)

KEYS_KEPT = 256
"""Parts of which the keys that rows were looked up by are kept for one view of the tables, some 10 KB each: most lookups find
nothing in most parts."""

Read = Callable[[str], list[pl.DataFrame]]


class ReadableTables(StoredFiles):
    """All tables of one project as they are visible, and the files beside them."""

    def __init__(self, store: ObjectStore, keeps: bool = False) -> None:
        """With `keeps`, each table is listed once, when it is first asked for; then only what is written here is seen."""
        super().__init__(store)
        self._commits = CommitLog(self, keeps)
        self._keys_of = lru_cache(KEYS_KEPT)(self._read_keys)

    def commit_of(self, table: Table, partition: str) -> Commit:
        """The visible state of a partition; an empty commit where nothing was ever written.

        Raises:
            DamagedStoreError: it is damaged, and its stage, which makes it again, has not begun.
        """
        commit = self._commits.newest(table.name, partition)
        if not commit.damaged:
            return commit
        if table in AUXILIARY_TABLES:
            return self.take_out_damaged(commit)
        refuse_loss(commit.damaged[0])
        raise _damaged(commit.damaged[0], table)

    def look_again(self, table: Table, partition: str) -> Commit:
        """As `commit_of`, from a new listing, also where each table is listed once."""
        self._commits.look_again(table.name, partition)
        return self.commit_of(table, partition)

    def look_at(self, table: Table, partition: str) -> Commit:
        """As `commit_of`, whatever is damaged of it: `damaged` tells."""
        return self._commits.newest(table.name, partition)

    def commits(self, table: Table) -> list[Commit]:
        """The visible states of all partitions that hold one, in their order."""
        keys = self.partitions(table)
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            return list(pool.map(partial(self.commit_of, table), keys))

    def partitions(self, table: Table) -> list[str]:
        """Keys of the partitions that hold a commit, sorted."""
        return sorted(self._commits.listed(table.name))

    def settled_partitions(self, table: Table) -> list[str]:
        """Those of them whose commit has stood for a day, sorted: who read what was visible before is done with it."""
        listed = self._commits.listed(table.name).items()
        return sorted(key for key, each in listed if is_old(each.written[max(each.written)]))

    def read(self, table: Table, partition: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All visible rows of a partition, the named columns only."""
        return self._read_newest(table, partition, columns, partial(self._read_all, _names(table, columns)))

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
        """The rows of the given parts.

        Raises:
            DamagedStoreError: one is damaged.
            StoreChangedError: one is gone, as another run replaced it more than a day ago.
        """
        try:
            return self._read(table, partition, parts, columns, partial(self._read_all, _names(table, columns)))
        except Overtaken as overtaken:
            raise StoreChangedError(
                f"Another run has replaced what this one began with, in {overtaken.newest.directory}: run again."
            ) from None

    def read_rows(
        self, table: Table, partition: str, key: str, values: pl.Series, columns: Sequence[str]
    ) -> pl.DataFrame:
        """Rows whose `key` is among `values`; reads only the row groups that hold one of them."""
        return self._read_newest(table, partition, columns, partial(self._pick, key, values, columns))

    def publish(self, commit: Commit) -> Commit:
        """Make `commit` the visible state of its partition, as the next after the one it was made from.

        Raises:
            Overtaken: another run was first.
            StoreAccessError: the store cannot be written.
        """
        return self._commits.create(commit)

    def take_out_damaged(self, commit: Commit, even_paid: bool = False) -> Commit:
        """Take what is damaged of a partition for absent, so that its stage makes it again.

        Raises:
            DamagedStoreError: it cannot be made again, or has its price.
        """
        while commit.damaged:
            for path in commit.damaged:
                refuse_loss(path)
                if not even_paid and self._is_paid(commit):
                    raise DamagedStoreError(
                        f"{path} in the store is damaged, and its vectors may have been paid for: after `dedup-assets doctor "
                        "--repair` the next run makes them again."
                    )
                _log.warning("%s in the store is damaged: it is taken as absent, and made again.", path)
            left = tuple(part for part in commit.parts if commit.path_of(part) not in commit.damaged)
            try:
                return self.publish(replace(commit, parts=left, fingerprint=None, details={}, damaged=()))
            except Overtaken as overtaken:
                commit = overtaken.newest
        return commit

    def note_damage(self, commit: Commit, part: Part) -> Commit:
        """Note that the bytes of a part are damaged, for its stage to find; returns the state that tells of it."""
        refuse_loss(commit.path_of(part))
        noted = {**commit.details, NOTED: [*commit.details.get(NOTED, ()), part.name]}
        with suppress(Overtaken):
            self.publish(replace(commit, fingerprint=None, details=noted))
        return self._commits.look_again(commit.table, commit.partition)

    def _is_paid(self, commit: Commit) -> bool:
        note = self.read_document("embedding_model.json") or commit.details
        return commit.table == EMBEDDINGS.name and note.get("provider") == HOSTED

    def _read_newest(self, table: Table, partition: str, columns: Sequence[str] | None, read: Read) -> pl.DataFrame:
        commit = self.commit_of(table, partition)
        while True:
            try:
                return self._read(table, partition, commit.parts, columns, read)
            except Overtaken as overtaken:  # more than a day ago: its parts have gone
                commit = overtaken.newest

    def _read(
        self, table: Table, partition: str, parts: Sequence[Part], columns: Sequence[str] | None, read: Read
    ) -> pl.DataFrame:
        found = [_empty(table, columns)]
        for part in parts:
            try:
                found += read(Commit(table.name, partition).path_of(part))
            except (OSError, pa.ArrowException) as error:
                self._miss(table, partition, part, error)
        return pl.concat(found, how="diagonal")

    def _read_all(self, columns: Sequence[str], path: str) -> list[pl.DataFrame]:
        return [to_frame(open_parquet(self.store, path).read(columns=list(columns)))]

    def _pick(self, key: str, values: pl.Series, columns: Sequence[str], path: str) -> list[pl.DataFrame]:
        keys, sizes = self._keys_of(path, key)
        rows = keys.is_in(values.implode())
        if not rows.any():
            return []
        file, found, at = open_parquet(self.store, path), [], 0
        for number, size in enumerate(sizes):
            if (here := rows.slice(at, size)).any():
                found.append(to_frame(file.read_row_group(number, columns=list(columns))).filter(here))
            at += size
        return found

    def _read_keys(self, path: str, key: str) -> tuple[pl.Series, list[int]]:
        """What stands in a column of a part, and how many rows its groups have: a part never changes."""
        file = open_parquet(self.store, path)
        sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        return to_frame(file.read(columns=[key]))[key], sizes

    def _miss(self, table: Table, partition: str, part: Part, error: Exception) -> None:
        """Do without a part that cannot be read, where what it held is only remembered.

        Raises:
            Overtaken: it is not of the partition any more.
            DamagedStoreError: it is damaged; noted, so that its stage makes it again.
        """
        newest = self._commits.look_again(table.name, partition)
        if part not in newest.parts:
            raise Overtaken(newest)
        path = newest.path_of(part)
        if path not in newest.damaged:
            if sha256_of([self.read_bytes(path) or b""]) == part.sha256:
                raise error
            newest = self.note_damage(newest, part)
        if table not in AUXILIARY_TABLES:
            raise _damaged(path, table)
        self.take_out_damaged(newest)


def _damaged(path: str, table: Table) -> DamagedStoreError:
    return DamagedStoreError(f"{path} in the store is damaged or missing: run again, and {table.name} makes it again.")


def sha256_of(pieces: Sequence[bytes]) -> str:
    """The SHA-256 of bytes that lie in pieces, in hex digits."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _names(table: Table, columns: Sequence[str] | None) -> list[str]:
    return table.column_names if columns is None else list(columns)


def _empty(table: Table, columns: Sequence[str] | None) -> pl.DataFrame:
    return table.empty().select(_names(table, columns))
