"""Writes `docs/TABLES.md`, the lineage and the data dictionary, from what the program itself knows: `make docs`.

Belongs here: how both look in Markdown.
Does not belong here: what stands in them (`dedup_assets/tables.py`, `dedup_assets/assets/`).
"""

from pathlib import Path

import dagster as dg

from dedup_assets.contracts import Column, DataType, Table
from dedup_assets.definitions import defs
from dedup_assets.tables import AUXILIARY_TABLES, DEPARTED, TABLES

AS_OTHERS = {table.name for table in DEPARTED.values()}

HEAD = """# Tables

`make docs` writes this page from `dedup_assets/tables.py` and the definitions that Dagster loads; a test fails when it is
stale. Each table is named as its asset, and a partition of it is one blob prefix. Columns are never null, unless they say
so. Keys, types and rules are enforced before a byte is written.

## Lineage
"""


def page() -> str:
    """The whole document, in Markdown."""
    assets = ["## Tables of assets\n", *map(_section, TABLES)]
    auxiliary = [_section(table) for table in AUXILIARY_TABLES if table.name not in AS_OTHERS]
    return "\n".join(
        [
            HEAD,
            _lineage(),
            *assets,
            "## What stages remember for their next run\n",
            *auxiliary,
            *map(_departed, DEPARTED),
        ]
    )


def _lineage() -> str:
    graph = defs.resolve_asset_graph()
    arrows = [
        f"    {parent.to_user_string()} --> {table.name}"
        for table in TABLES
        for parent in sorted(graph.get(dg.AssetKey(table.name)).parent_keys)
    ]
    return "\n".join(["```mermaid", "flowchart LR", *arrows, "```", ""])


def _section(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    lines = [f"### `{table.name}`", "", table.description, "", f"Key: {key}.", ""]
    lines += ["| column | type | unit | what |", "|---|---|---|---|", *map(_row, table.columns), ""]
    return "\n".join([*lines, *([f"Rules: {'; '.join(table.rules)}.", ""] if table.rules else [])])


def _departed(name: str) -> str:
    """A table that has the columns of another one, and one more."""
    table = DEPARTED[name]
    lines = [f"### `{table.name}`", "", f"{table.description} The columns are those of `{name}`, and:", ""]
    return "\n".join([*lines, "| column | type | unit | what |", "|---|---|---|---|", _row(table.columns[-1]), ""])


def _row(column: Column) -> str:
    null = ", or null" if column.nullable else ""
    return f"| `{column.name}` | {_type(column.dtype)}{null} | {column.unit} | {column.description} |"


def _type(dtype: DataType) -> str:
    return str(dtype).replace("Datetime(time_unit='us', time_zone='UTC')", "Datetime")


if __name__ == "__main__":
    (Path(__file__).parent / "TABLES.md").write_text(page(), encoding="utf-8")
