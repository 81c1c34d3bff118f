"""Which image a person means: by its path as it stands in the report, its id, its group's id, or the SHA-256 of its bytes.

Belongs here: finding rows of `dedup_report` by what a person typed, and saying what was meant where there is none.
Does not belong here: commands (`commands/decide.py`).
"""

import difflib
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from dedup_assets.errors import LocationError, UnknownImageError
from dedup_assets.report.plain_words import visible
from dedup_assets.resources.images.file_names import readable_name
from dedup_assets.resources.locations import parse_location, path_inside
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.tables import DEDUP_REPORT

COLUMNS = ["image_id", "path", "file_sha256", "status", "group_id", "group_size", "representative_path", "cause"]
NEAREST = 3
MAX_COMPARED = 20_000
"""Names that are compared letter by letter, in a second; of more, only those that share the file name's first letters."""

Row = dict[str, Any]


@dataclass(frozen=True)
class NamedImages:
    """The images of a report, by what a person may call them."""

    rows: pl.DataFrame
    source: str

    @classmethod
    def read(cls, tables: TableStore, source: str) -> "NamedImages":
        """The images of the last report over `source`."""
        return cls(tables.read_many(DEDUP_REPORT, columns=COLUMNS).sort("path"), source)

    def find(self, name: str) -> Row:
        """The row of the one image that is meant.

        Raises:
            UnknownImageError: there is none, or it could not be read.
        """
        for condition in self._meanings(name):
            found = self.rows.filter(condition)
            if not found.is_empty():
                return self._readable(found.row(0, named=True))
        nearest = self._nearest(name)
        hint = f" The nearest names are: {'; '.join(map(visible, nearest))}." if nearest else ""
        raise UnknownImageError(f"No image of the report is called {visible(name)!r}.{hint}")

    def paths_of(self, content: bytes) -> list[str]:
        """The paths under which a content stands, sorted; [] where it has left the source."""
        return self._paths.get(content, [])

    @cached_property
    def _paths(self) -> dict[bytes, list[str]]:
        readable = self.rows.filter(pl.col("file_sha256").is_not_null())
        return dict(readable.group_by("file_sha256").agg(pl.col("path").sort()).iter_rows())

    def _meanings(self, name: str) -> list[pl.Expr]:
        """What a name may mean, the likeliest first."""
        meanings = [pl.col("path") == each for each in dict.fromkeys((readable_name(name), name))]
        if re.fullmatch(r"\d{1,19}", name) and int(name) < 2**63:
            meanings.append(pl.col("image_id") == int(name))
        if re.fullmatch(r"g[0-9a-f]{16}", name):
            meanings.append((pl.col("group_id") == name) & (pl.col("status") == "Best"))
        if re.fullmatch(r"[0-9a-f]{64}", name):
            meanings.append(pl.col("file_sha256") == bytes.fromhex(name))
        inside = self._below_source(name)
        return [*meanings, *([pl.col("path") == inside] if inside else [])]

    def _below_source(self, name: str) -> str | None:
        """The path in the report of a file that is named by its path on this machine."""
        with suppress(LocationError):  # "~name.jpg" may be the home of nobody
            return path_inside(parse_location(name), parse_location(self.source))
        return None

    def _readable(self, row: Row) -> Row:
        if row["status"] == "Unreadable":
            raise UnknownImageError(
                f"{visible(row['path'])} cannot be read, so that nothing can be decided about it: {row['cause']}"
            )
        return row

    def _nearest(self, name: str) -> list[str]:
        paths = self.rows["path"]
        if len(paths) > MAX_COMPARED:
            start = name.rsplit("/", 1)[-1][:4]
            paths = paths.filter(paths.str.contains(start, literal=True)).head(MAX_COMPARED)
        by_path = difflib.get_close_matches(name, paths, NEAREST)
        file_names = {path.rsplit("/", 1)[-1]: path for path in reversed(paths.to_list())}
        by_name = difflib.get_close_matches(name.rsplit("/", 1)[-1], file_names, NEAREST)
        return list(dict.fromkeys([*by_path, *(file_names[each] for each in by_name)]))[:NEAREST]
