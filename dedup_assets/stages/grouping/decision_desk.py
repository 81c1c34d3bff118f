"""Noting a person's decision about images of a report, and saying what it means for them.

Belongs here: the decisions of one store as people see them: by path, with what was noted and how it stands now. Does not
belong here: commands (`commands/decide.py`), which image is meant (`stages/named_images.py`), what decisions come to
(`stages/grouping/applied_decisions.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from dedup_assets.errors import SenselessDecisionError
from dedup_assets.report.plain_words import counted, visible
from dedup_assets.resources.database.decisions import (
    KEEP_THIS,
    NOT_SAME,
    SAME,
    WITHDRAWN,
    Decision,
    current_decisions,
    every_decision,
    keep_copy,
    record_decisions,
)
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.applied_decisions import Decided
from dedup_assets.stages.named_images import NamedImages, Row

VERDICT_WORDS = {SAME: "the same picture", NOT_SAME: "not the same picture", KEEP_THIS: "keep", WITHDRAWN: "taken back"}
ENTRY_COLUMNS = (
    "decided_at", "decided_by", "verdict", "paths", "other_paths", "reason", "is_followed", "file_sha256", "other_sha256",
)  # fmt: skip
GONE = "Gone"
SHA256_DIGITS = re.compile(r"[0-9a-f]{64}")

Entry = dict[str, Any]


@dataclass(frozen=True)
class DecisionDesk:
    """The images of one store and the decisions about them."""

    images: NamedImages
    tables: TableStore
    connection: psycopg.Connection

    def decide(self, verdict: str, names: Sequence[str], decided_by: str, reason: str) -> str:
        """Note a decision about the first of some images and each of the others, or about it alone; returns what to say.

        Raises:
            UnknownImageError: a name means no readable image.
            SenselessDecisionError: two of them are the same file, or there is nothing to take back.
        """
        rows = [self._find(name, may_be_gone=verdict == WITHDRAWN) for name in names]
        first = rows[0]["file_sha256"]
        pairs = [(first, row["file_sha256"]) for row in rows[1:]] or [(first, first)]
        _refuse_equal_files(rows)
        if verdict == WITHDRAWN:
            self._refuse_undecided(rows, pairs[0])
        kept = first if verdict == KEEP_THIS else None
        record_decisions(self.connection, verdict, pairs, decided_by=decided_by, reason=reason, kept=kept)
        self.connection.commit()
        keep_copy(self.connection, self.tables)
        return self._told(verdict, rows)

    def contradicting(self) -> list[str]:
        """Decisions that are not followed, a line each."""
        return [line_of(entry) for entry in self.entries() if not entry["is_followed"]]

    def entries(self, everything: bool = False) -> list[Entry]:
        """The decisions that count, the newest first; or all that were ever noted, the oldest first."""
        current = current_decisions(self.connection)
        followed = set(current).difference(Decided(current).refused)
        shown = every_decision(self.connection) if everything else current
        return [self._entry(each, each in followed) for each in shown]

    def _entry(self, decision: Decision, is_followed: bool) -> Entry:
        """A decision as ENTRY_COLUMNS; of `keep_this` the image to keep stands first."""
        ends = [decision.left_sha256, decision.right_sha256]
        one, other = ends[::-1] if decision.kept_sha256 == ends[1] else ends
        more = {
            "is_followed": is_followed,
            "file_sha256": one.hex(),
            "other_sha256": other.hex() if one != other else "",
        }
        paths = {"paths": self.images.paths_of(one), "other_paths": self.images.paths_of(other) if one != other else []}
        known = decision.document() | paths | more
        return {name: known[name] for name in ENTRY_COLUMNS}

    def _find(self, name: str, may_be_gone: bool) -> Row:
        """The image that is meant; one that has left the source only by the SHA-256 of its bytes."""
        if may_be_gone and SHA256_DIGITS.fullmatch(name) and not self.images.paths_of(bytes.fromhex(name)):
            return {"path": name, "file_sha256": bytes.fromhex(name), "status": GONE}
        return self.images.find(name)

    def _refuse_undecided(self, rows: Sequence[Row], pair: tuple[bytes, bytes]) -> None:
        known = [{each.left_sha256, each.right_sha256} for each in current_decisions(self.connection)]
        if set(pair) not in known:
            names = " and ".join(visible(row["path"]) for row in rows)
            raise SenselessDecisionError(f"Nothing is decided about {names}{' alone' if len(rows) == 1 else ''}.")

    def _told(self, verdict: str, rows: Sequence[Row]) -> str:
        """What was noted, and how it stands in the report so far."""
        noted = f"Noted: {' + '.join(visible(row['path']) for row in rows)}: {VERDICT_WORDS[verdict]}."
        now = [f"  {visible(row['path'])} {_standing(row)}." for row in rows]
        equal = [path for path in self.images.paths_of(rows[0]["file_sha256"]) if path != rows[0]["path"]]
        if verdict == KEEP_THIS and equal:
            now.append(
                f"  The same bytes lie in {'; '.join(map(visible, equal))}: which of equal files is kept, rules say."
            )
        return "\n".join([noted, *now])


def line_of(entry: Entry) -> str:
    """One decision as a line of text."""
    ends = [
        visible("; ".join(paths)) or f"(gone: {sha256})"
        for paths, sha256 in ((entry["paths"], entry["file_sha256"]), (entry["other_paths"], entry["other_sha256"]))
        if sha256
    ]
    reason = f": {visible(entry['reason'])}" if entry["reason"] else ""
    ignored = "" if entry["is_followed"] else " [not followed]"
    said = f"{VERDICT_WORDS[entry['verdict']]}{reason}{ignored}"
    return f"{entry['decided_at'][:10]} {visible(entry['decided_by'])}: {' + '.join(ends)}: {said}"


def _refuse_equal_files(rows: Sequence[Row]) -> None:
    for row in rows[1:]:
        if row["file_sha256"] == rows[0]["file_sha256"]:
            raise SenselessDecisionError(
                f"{visible(rows[0]['path'])} and {visible(row['path'])} are the same file, byte for byte: they always stand "
                "in one group, and which of equal files is kept is for the keep rules, such as prefer_prefix."
            )


def _standing(row: Row) -> str:
    if row["status"] == GONE:
        return "has left the source"
    if row["status"] == "Duplicate":
        return f"is so far a duplicate of {visible(row['representative_path'])} (group {row['group_id']})"
    if row["group_size"] == 1:
        return "stands so far alone"
    return f"is so far kept, in a group of {counted(row['group_size'], 'image')} (group {row['group_id']})"
