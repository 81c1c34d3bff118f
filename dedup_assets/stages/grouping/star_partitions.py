"""The partitions of `star_pairs`: one a run, merged where there are too many.

Belongs here: which of them are merged, when those may go, and which rows are still of use. Does not belong here: verifying
pairs (`star_verifier.py`), how a partition is stored (`resources/tables/store.py`).

A merge takes two more days, so that readers and other runs always have a whole view: first the merged partition is written,
which names what it was made of; a day later those are emptied, and a day after that they are removed. A kill leaves a state
in between, from which the next run goes on. What other runs do meanwhile costs at most that a pair is verified again.
"""

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from dedup_assets.policies import digest_of
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.departed import read_departed
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents
from dedup_assets.tables import STAR_PAIRS

MANY_PARTITIONS = 16
"""Every run reads them all, each by some requests. At two a night, they are merged once in eight nights, and there are at most
23 with those on their way out."""

MERGED = "merged"
"""How the name of a merged partition begins, and the detail of its commit: the digests of what it was made of, by partition."""


def each_pair_once(pairs: pl.DataFrame) -> pl.DataFrame:
    """Rows of `star_pairs`, one a pair: which one depends on the rows alone, not on where they were stored."""
    twice = pairs.select(PAIR_KEY).is_duplicated()
    first = pairs.filter(twice).sort(STAR_PAIRS.column_names).unique(PAIR_KEY, keep="first", maintain_order=True)
    return pl.concat([pairs.filter(~twice), first])


def merge_star_pairs(tables: TableStore, contents: pl.Series, policy_version: str) -> None:
    """Merge partitions of finished runs, and take a step with those that were merged before; nothing where there are few.

    A commit that has stood for a day is that of a finished run: one at work writes each thousand pairs. One that rested
    longer (a closed laptop) begins its partition anew (`StarVerifier`). `contents`: all that exist, distinct and ascending.
    """
    keys = tables.partitions(STAR_PAIRS)
    if len(keys) <= MANY_PARTITIONS:
        return
    commits = tables.commits(STAR_PAIRS)
    settled = set(tables.settled_partitions(STAR_PAIRS))  # after they were read: so it is what was read that has stood
    old = [commit for commit in commits if commit.partition in settled]
    merged, replaced = _made_of(commits), _made_of(old)
    finished = [commit for commit in old if commit.parts and _state(commit) not in merged]
    if len(finished) > MANY_PARTITIONS:
        _merge(tables, finished, contents, policy_version)
    for commit in old:
        if _state(commit) in replaced:
            tables.settle(replace(commit, parts=(), fingerprint=None, details={}, replaced={}))
        elif not commit.parts:
            tables.remove(STAR_PAIRS, commit.partition)


def _merge(tables: TableStore, commits: Collection[Commit], contents: pl.Series, policy_version: str) -> None:
    """Write the rows that are still of use as one partition: those of this policy whose two contents exist, or left lately."""
    digests = dict(map(_state, commits))
    contents = pl.concat([contents, read_departed(tables, "file_sha256").drop_nulls()]).unique().sort()
    stored = (tables.read_parts(STAR_PAIRS, each.partition, each.parts) for each in commits)
    rows = each_pair_once(pl.concat([_of_use(pairs, contents, policy_version) for pairs in stored]))
    fingerprint = digest_of(policy_version, digests)
    tables.rewrite(STAR_PAIRS, f"{MERGED} {fingerprint}", rows, fingerprint, {MERGED: digests})


def _of_use(pairs: pl.DataFrame, contents: pl.Series, policy_version: str) -> pl.DataFrame:
    ours = pairs.filter(pl.col("policy_version") == policy_version)
    left, right = (number_contents(contents, ours[side]) >= 0 for side in PAIR_KEY)
    return ours.filter(pl.Series(left & right))


def _state(commit: Commit) -> tuple[str, str]:
    """A partition and what it holds: one that was written to after it was merged is another."""
    return commit.partition, commit.digest


def _made_of(commits: Collection[Commit]) -> set[tuple[str, str]]:
    """What the merged partitions among these were made of."""
    return {state for commit in commits for state in commit.details.get(MERGED, {}).items()}
