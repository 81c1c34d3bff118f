"""Parquet tables by partition, in a folder or a container.

Belongs here: changing partitions, part by part or wholly. Does not belong here: what the columns mean (`tables.py`), reading
(`visible_tables.py`), which commit is the newest (`commit_log.py`), when work is up to date (`stages/stage.py`).

A partition of a table is a directory of immutable Parquet parts and numbered commits, of which the newest names the visible
ones. Creating the next is the only step that changes what readers see, so that a killed writer leaves the old table whole
and at most one part that nobody sees. Parts that no commit names any more are deleted a day later: whoever read the
commit before still finds them.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import polars as pl

from dedup_assets.contracts import Table
from dedup_assets.resources.azure.access import open_object_store
from dedup_assets.resources.locations import parse_location
from dedup_assets.resources.tables.commit_log import Overtaken
from dedup_assets.resources.tables.commits import Commit, Part, number_of_file
from dedup_assets.resources.tables.parquet import encode_parquet
from dedup_assets.resources.tables.stored_files import is_old
from dedup_assets.resources.tables.visible_tables import READ_AT_ONCE, ReadableTables, sha256_of


class TableStore(ReadableTables):
    """All tables of one project, and the files beside them."""

    def as_of_now(self) -> "TableStore":
        """The same tables, of which each is listed once, when it is first asked for; then only what is written here is seen."""
        return TableStore(self.store, keeps=True)

    def begin(self, table: Table, partition: str) -> Commit:
        """As `commit_of`, for who is going to change it: what is damaged is taken as absent, and told in a warning.

        Parts that were replaced a day ago are deleted.

        Raises:
            DamagedStoreError: it is damaged, and cannot be made again, or only at a price.
        """
        commit = self._commits.newest(table.name, partition)
        if commit.damaged:
            commit = self.take_out_damaged(commit)
        young = {name: when for name, when in commit.replaced.items() if not is_old(datetime.fromisoformat(when))}
        if len(young) == len(commit.replaced):
            return commit
        try:
            begun = self.publish(replace(commit, replaced=young))
        except Overtaken as overtaken:
            return overtaken.newest
        self._sweep(begun, {*begun.part_names, *young})  # now that it is the newest: another's parts are young
        return begun

    def begin_all(self, table: Table, partitions: Sequence[str]) -> list[Commit]:
        """As `begin`, of many partitions at once."""
        self.partitions(table)
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            return list(pool.map(partial(self.begin, table), partitions))

    def append(self, commit: Commit, table: Table, frame: pl.DataFrame) -> Commit:
        """Make one more part visible and return the new state; nothing is written for an empty frame.

        Where another run has written meanwhile, it goes to what that left; rows that stand there by now are left out.
        """
        while not (rows := self._unmet(commit, table, frame)).is_empty():
            part = self._write_part(table, commit.partition, rows)
            try:
                return self.publish(replace(commit, parts=(*commit.parts, part)))
            except Overtaken as overtaken:
                commit = commit.over(overtaken.newest)
        return commit

    def rewrite(
        self,
        table: Table,
        partition: str,
        frame: pl.DataFrame,
        fingerprint: str,
        details: Mapping[str, Any] | None = None,
        made_of: Commit | None = None,
    ) -> Commit:
        """Replace a partition by `frame`, over whatever another run has written meanwhile.

        Where `frame` was made of what the partition held, that is `made_of`: then nothing is replaced that is not in it, and
        the state is returned with strangers.
        """
        before, data = made_of or self.begin(table, partition), encode_parquet(table, frame)
        parts = before.parts
        if [part.sha256 for part in parts] != [sha256_of(data)]:
            parts = (self._put_part(table, partition, frame.height, data),) if frame.height else ()
        while True:
            after = replace(before, parts=parts, fingerprint=fingerprint, details=details or {})
            if made_of:
                return self._change(before, after)
            try:
                return self._publish(before, after)
            except Overtaken as overtaken:
                before = overtaken.newest

    def drop_rows(self, commit: Commit, table: Table, key: str, keep: pl.Series) -> Commit:
        """Drop the rows whose `key` is not in `keep`, rewriting only the parts that hold such rows."""
        return self.filter_rows(commit, table, [key], pl.col(key).is_in(keep.implode()))

    def filter_rows(self, commit: Commit, table: Table, columns: Sequence[str], condition: pl.Expr) -> Commit:
        """Keep the rows that fulfil a condition on the named columns, rewriting only the parts that hold others."""
        parts = [self._filter_part(table, commit.partition, part, columns, condition) for part in commit.parts]
        after = replace(commit, parts=tuple(part for part in parts if part is not None))
        return self._change(commit, after) if after.parts != commit.parts else commit

    def merge_small_parts(self, commit: Commit, table: Table, small_rows: int, max_small: int) -> Commit:
        """Merge the parts under `small_rows` rows into one as soon as there are more than `max_small` of them."""
        small = [part for part in commit.parts if part.rows < small_rows]
        if len(small) <= max_small:
            return commit
        merged = self._write_part(table, commit.partition, self.read_parts(table, commit.partition, small))
        return self._change(commit, replace(commit, parts=(*(p for p in commit.parts if p not in small), merged)))

    def settle(self, commit: Commit) -> Commit:
        """Make visible what `commit` says of its parts; not where another run has changed these: it has strangers then."""
        return commit if commit.strangers else self._change(commit, commit)

    def delete_replaced(self, table: Table, partition: str) -> None:
        """Delete at once the parts that are visible no more, which takes them from under any run that still reads them."""
        commit = self._commits.look_again(table.name, partition)
        for entry in self.list_files(commit.directory):
            name = entry["path"].rsplit("/", 1)[-1]
            if name.endswith(".parquet") and name not in commit.part_names:
                self.delete(entry["path"])

    def remove(self, table: Table, partition: str) -> None:
        """Remove a partition that has been empty for a day, the commit last: after a kill it is found again, and still empty."""
        commit = self._commits.look_again(table.name, partition)
        if not commit.parts:
            self._sweep(commit, ())
            self._commits.remove(commit)

    def _sweep(self, commit: Commit, kept: Collection[str]) -> None:
        """Delete the files of a partition but commits, those to keep and the young ones, which may be another run's at work."""
        for entry in self.list_files(commit.directory):
            name = entry["path"].rsplit("/", 1)[-1]
            if name not in kept and number_of_file(name) is None and is_old(entry["last_modified"]):
                self.delete(entry["path"])

    def _unmet(self, commit: Commit, table: Table, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows whose key stands in no part that another run has added."""
        met = [part for part in commit.parts if part.name in commit.strangers]
        if not met:
            return frame
        known = self.read_parts(table, commit.partition, met, table.key)
        return frame.join(known, on=table.key, how="anti", maintain_order="left")

    def _write_part(self, table: Table, partition: str, frame: pl.DataFrame) -> Part:
        return self._put_part(table, partition, frame.height, encode_parquet(table, frame))

    def _put_part(self, table: Table, partition: str, rows: int, data: Sequence[bytes]) -> Part:
        part = Part(f"{uuid.uuid4().hex}.parquet", rows, sum(map(len, data)), sha256_of(data))
        self.put(Commit(table.name, partition).path_of(part), data, keep_name=False)
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

    def _change(self, before: Commit, after: Commit) -> Commit:
        """Make a change visible that was made to the parts of `before`; nothing where another run has changed these."""
        while True:
            try:
                return self._publish(before, after)
            except Overtaken as overtaken:
                before = before.over(overtaken.newest)
                if before.strangers:
                    return before

    def _publish(self, before: Commit, after: Commit) -> Commit:
        """Make `after` visible in place of `before`, and note what it no longer names."""
        gone = dict.fromkeys(set(before.part_names).difference(after.part_names), datetime.now(UTC).isoformat())
        return self.publish(replace(after, number=before.number, replaced={**before.replaced, **gone}))


@cache
def open_tables(store: str) -> TableStore:
    """The tables at an address, opened once a process."""
    return TableStore(open_object_store(parse_location(store)))
