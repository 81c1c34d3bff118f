"""The numbered commits of each partition: which is the newest, adding the next, and pruning.

Belongs here: the one mechanism by which no writer overwrites another, and what a listing tells of damage. Does not belong here:
what a commit says (`commits.py`), what becomes of a damaged partition (`store.py`).

A commit is a file whose number is one more than that of the commit it was made from, created only if there is none yet. So of
two who write at once, on whatever machine and with whatever clock, one hears that it was overtaken, and goes on from what the
other left. A writer that slept while its number came and was pruned creates it once more; what is listed after that tells.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import unquote

from obstore.exceptions import AlreadyExistsError

from dedup_assets.errors import StoreAccessError
from dedup_assets.resources.tables.commits import Commit, commit_file, number_of_file, partition_directory
from dedup_assets.resources.tables.stored_files import StoredFiles

KEPT = 8
"""The newest commits of a partition that stay: the one that counts, those before it for who has just listed them and should it
be damaged. As many others must come between a writer's commit and its next look before it writes once more what it wrote."""

NOTED = "damaged_parts"
"""The detail of a commit that names parts whose bytes turned out to be damaged: a listing does not tell."""


class Overtaken(Exception):  # noqa: N818 (the state is the name)
    """Another run has committed what `newest` says: go on from there."""

    def __init__(self, newest: Commit) -> None:
        super().__init__(newest.directory)
        self.newest = newest


@dataclass
class ListedPartition:
    """The files of a partition's directory: the bytes of each, when each commit was written, and what the newest says."""

    sizes: dict[str, int] = field(default_factory=dict)
    written: dict[int, datetime] = field(default_factory=dict)
    commit: Commit | None = None


class CommitLog:
    """The commits of all partitions of a store; with `keeps`, as they were when each table was first asked for."""

    def __init__(self, files: StoredFiles, keeps: bool) -> None:
        self._files, self._keeps = files, keeps
        self._tables: dict[str, dict[str, ListedPartition]] = {}

    def listed(self, table: str) -> Mapping[str, ListedPartition]:
        """The partitions of a table that hold a commit, by their keys."""
        found = self._table(table).items()
        return {self._key_of(f"tables/{table}/{name}", each): each for name, each in found if each.written}

    def newest(self, table: str, partition: str) -> Commit:
        """The newest commit of a partition that can be read; an empty one where there is none. What cannot is `damaged`."""
        if not self._keeps:
            return self.look_again(table, partition)
        known = self._table(table).get(partition_directory(partition), ListedPartition())
        return known.commit or self._read(table, partition, known) or self.look_again(table, partition)

    def look_again(self, table: str, partition: str) -> Commit:
        """As `newest`, from a new listing."""
        while not (found := self._read(table, partition, self._look(table, partition))):
            continue
        return found

    def create(self, commit: Commit) -> Commit:
        """Make `commit` visible as the next after the one it was made from, and prune what is older than the last few.

        Raises:
            Overtaken: it is not the newest any more.
            StoreAccessError: the store cannot be written, cannot tell who was first, or lacks a part.
        """
        made = replace(commit, number=commit.number + 1)
        path = f"{commit.directory}/{commit_file(made.number)}"
        try:
            self._files.create_document(path, made.document())
        except AlreadyExistsError:  # by another run; or by this one, whose first try was answered to nobody
            if self._files.read_document(path) != made.document():
                raise Overtaken(self.look_again(commit.table, commit.partition)) from None
        now = self._look(commit.table, commit.partition)
        if max(now.written, default=0) >= made.number + KEPT:
            raise Overtaken(self.look_again(commit.table, commit.partition))
        now.commit = replace(made, strangers=frozenset())
        for part in made.parts:
            if now.sizes.get(part.name) != part.size_bytes:
                raise StoreAccessError(f"{made.path_of(part)} is not in the store as it was written: run again.")
        self._prune(made, now)
        return made

    def remove(self, commit: Commit) -> None:
        """Delete the commits of a partition up to this one, which goes last: after a kill it is found again as it was."""
        listed = self._look(commit.table, commit.partition)
        for number in sorted(each for each in listed.written if each <= commit.number):
            self._files.delete(f"{commit.directory}/{commit_file(number)}")
            del listed.written[number]
        listed.commit = None

    def _prune(self, made: Commit, now: ListedPartition) -> None:
        """Delete old commits, as soon as there are as many of them as are kept."""
        old = [number for number in now.written if number <= made.number - KEPT]
        for number in old if len(old) >= KEPT else ():
            self._files.delete(f"{made.directory}/{commit_file(number)}")
            del now.written[number]

    def _key_of(self, directory: str, listed: ListedPartition) -> str:
        """The key of a partition; of a name that was shortened, as its commits have it."""
        name = directory.rsplit("/", 1)[-1]
        for number in sorted(listed.written, reverse=True) if "~" in name else ():
            with suppress(ValueError):
                return Commit.read(
                    self._files.read_bytes(f"{directory}/{commit_file(number)}") or b"", number
                ).partition
        return unquote(name)

    def _table(self, table: str) -> dict[str, ListedPartition]:
        if table in self._tables:
            return self._tables[table]
        found = self._list(f"tables/{table}")
        return self._tables.setdefault(table, found) if self._keeps else found

    def _look(self, table: str, partition: str) -> ListedPartition:
        """List one partition anew."""
        name = partition_directory(partition)
        now = self._list(f"tables/{table}/{name}").get(name, ListedPartition())
        if self._keeps:
            self._table(table)[name] = now
        return now

    def _list(self, directory: str) -> dict[str, ListedPartition]:
        found: dict[str, ListedPartition] = {}
        for entry in self._files.list_files(directory):
            parent, _, name = entry["path"].rpartition("/")
            partition = found.setdefault(parent.rpartition("/")[-1], ListedPartition())
            partition.sizes[name] = entry["size"]
            if (number := number_of_file(name)) is not None:
                partition.written[number] = entry["last_modified"]
        return found

    def _read(self, table: str, partition: str, listed: ListedPartition) -> Commit | None:
        """The newest of the listed commits that can be read; None where one has gone since, or another come: list anew."""
        found, damaged = Commit(table, partition), list[str]()
        for number in sorted(listed.written, reverse=True):
            path = f"{found.directory}/{commit_file(number)}"
            if (data := self._files.read_bytes(path)) is None:
                return None
            try:
                found = Commit.read(data, number)
                break
            except ValueError:
                damaged.append(path)
        damaged += self._damaged_parts(found, listed.sizes)
        newest = max(listed.written, default=0)
        if damaged and newest != self._newest_number(found):
            return None
        listed.commit = replace(found, number=newest, damaged=tuple(damaged))
        return listed.commit

    def _newest_number(self, commit: Commit) -> int:
        return max((number for each in self._list(commit.directory).values() for number in each.written), default=0)

    def _damaged_parts(self, commit: Commit, sizes: Mapping[str, int]) -> list[str]:
        """The paths of parts that are noted as damaged, or of which neither the listing nor the store tells the right size."""
        noted = [part for part in commit.parts if part.name in commit.details.get(NOTED, ())]
        doubtful = [part for part in commit.parts if sizes.get(part.name) != part.size_bytes]
        wrong = [part for part in doubtful if self._files.size_of(commit.path_of(part)) != part.size_bytes]
        return [commit.path_of(part) for part in dict.fromkeys([*noted, *wrong])]
