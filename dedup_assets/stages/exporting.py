"""A table as a data set of whole files in a folder or container, for other tools to read.

Belongs here: which rows go into which file, and what happens to an export before. Does not belong here: columns and formats
(`report/data_set.py`), what a person types (`commands/export.py`).
"""

from urllib.parse import quote

from dedup_assets.contracts import Table
from dedup_assets.errors import ExportError
from dedup_assets.report.data_set import Format, encode, shape_images
from dedup_assets.resources.azure.access import open_object_store
from dedup_assets.resources.locations import Location
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.resources.tables.stored_files import StoredFiles
from dedup_assets.tables import DEDUP_REPORT

NOTE = "export.json"
"""What an export is, and which files are its own: only these are replaced by the next."""


def export_table(
    tables: TableStore, table: Table | None, form: Format, source: Location, out: Location
) -> tuple[int, int]:
    """Write the visible rows of a table, or the images of the report where none is named, and return rows and files.

    A file a partition, `partition=<key>/rows.<format>`, as one listing of commits shows it. What an export of the same kind left
    there is replaced.

    Raises:
        ExportError: the place holds something else.
    """
    files, tables = StoredFiles(open_object_store(out)), tables.as_of_now()
    kind = {"table": table.name if table else "images", "format": form}
    before = _files_before(files, kind, out)
    rows_of = {
        key: tables.commit_of(table or DEDUP_REPORT, key).rows for key in tables.partitions(table or DEDUP_REPORT)
    }
    named = {key: f"partition={quote(key, safe='')}/rows.{form}" for key, rows in rows_of.items() if rows}
    rows = sum(rows_of.values())
    note = {**kind, "rows": rows, "files": sorted(named.values())}
    files.write_document(
        NOTE, {**note, "files": sorted(before.union(named.values()))}
    )  # a killed export leaves none unnamed
    for key, name in named.items():
        frame = tables.read(table or DEDUP_REPORT, key)
        files.put(name, [encode(frame if table else shape_images(frame, source), form)])
    files.write_document(NOTE, note)
    for name in before.difference(named.values()):
        files.delete(name)
    return rows, len(named)


def _files_before(files: StoredFiles, kind: dict[str, str], out: Location) -> set[str]:
    note = files.read_document(NOTE)
    if note is None and next(files.list_files(""), None) is None:
        return set()
    if note is None or {name: note.get(name) for name in kind} != kind:
        held = f"an export of {note.get('table')} as {note.get('format')}" if note else "other files"
        raise ExportError(
            f"{out} holds {held}: name an empty folder, or one of an export of {kind['table']} as {kind['format']}."
        )
    return set(note["files"])
