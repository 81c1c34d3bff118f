"""Which partitions of a table a check can judge, and what it says where there are none.

Belongs here: telling partitions that are up to date from those still at work. Does not belong here: what is judged (the checks,
beside their assets).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import dagster as dg

from dedup_assets.contracts import Table
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore


@dataclass(frozen=True)
class JudgedPartitions:
    """The partitions of one table by what a check can say of them.

    keys     were made from what the tables before them hold now: these are judged
    at_work  were begun, or made from something else: another run is on its way
    missing  were not made at all, though there are rows to make them from
    """

    keys: Sequence[str]
    at_work: Sequence[str]
    missing: Sequence[str]

    def result(self, passed: bool, **counts: Any) -> dg.AssetCheckResult:
        """What the check found in `keys`; it fails too where there was something to judge, and nothing is made or at work."""
        states = {"judged": self.keys, "at_work": self.at_work, "missing": self.missing}
        told = {f"partitions_{state}": len(keys) for state, keys in states.items()}
        nothing = bool(self.missing and not self.keys and not self.at_work)
        return dg.AssetCheckResult(passed=passed and not nothing, metadata=counts | told)


def judge_partitions(tables: TableStore, table: Table, *sources: Table) -> JudgedPartitions:
    """Sort the partitions of `table`, which is made from the first of `sources`, each of these from the next."""
    found: dict[str, list[str]] = defaultdict(list)
    states = {each.name: {commit.partition: commit for commit in tables.commits(each)} for each in (table, *sources)}
    for key in sorted({*states[table.name], *states[sources[-1].name]}):
        commits = [state.get(key, Commit(name, key)) for name, state in states.items()]
        links = [_state(made, origin) for made, origin in pairwise(commits)]
        if "at work" in links:
            found["at work"].append(key)
        elif "missing" not in links:
            found["judged"].append(key)
        elif commits[-1].rows:
            found["missing"].append(key)
    return JudgedPartitions(found["judged"], found["at work"], found["missing"])


def _state(made: Commit, origin: Commit) -> str:
    """Whether a partition is up to date with what it is made from; "missing" where a finished one does not say from what."""
    digest = made.details.get("made_from", {}).get(origin.table)
    if digest == origin.digest:
        return "up to date"
    is_begun = digest is not None or (made.parts and made.fingerprint is None)
    return "at work" if is_begun else "missing"
