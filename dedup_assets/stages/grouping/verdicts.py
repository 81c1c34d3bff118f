"""All verdicts that groups are formed from: what tests found, and over it what people decided.

Belongs here: gathering verdicts, laying decisions over them, and how these are told on the rows of groups. Does not belong
here: which decisions are followed (`stages/grouping/applied_decisions.py`), the tests (`stages/pairs/verifier.py`), forming
groups (`stages/grouping/groups.py`).
"""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from dedup_assets.report.plain_words import counted
from dedup_assets.resources.database.decisions import NOT_SAME
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.applied_decisions import Decided
from dedup_assets.stages.grouping.star_verifier import read_star_pairs
from dedup_assets.stages.pairs.contents import PAIR_KEY

TURNED = dict(zip(PAIR_KEY, reversed(PAIR_KEY), strict=True))
VERDICT_COLUMNS = [*PAIR_KEY, "verdict", "level", "decided_by"]

PERSON = "person"
"""How `decided_by` begins where a person decided: "person: name, day, reason"."""

DECIDED_LEVEL = "copy"
"""Level of a pair that a person called the same and no test did: an edit too heavy for the tests."""


class Verdicts(NamedTuple):
    """Verdicts in VERDICT_COLUMNS."""

    proposed: pl.DataFrame
    """On pairs that a search proposed or a person named: groups are made of these, whatever was formed before."""

    known: pl.DataFrame
    """On all pairs, with those that were verified when groups were formed: nothing is verified twice."""


def gather_verdicts(tables: TableStore, policy_version: str, decided: Decided, *found: pl.DataFrame) -> Verdicts:
    """Verdicts on the pairs `found` by searches, and on those remembered from forming groups under this policy.

    A decision stands in the place of what tests said of its pair; the level that they found stays.
    """
    searched = pl.concat([pairs.select(VERDICT_COLUMNS) for pairs in found])
    remembered = read_star_pairs(tables, policy_version).select(VERDICT_COLUMNS)
    return Verdicts(lay_over(searched, decided), lay_over(pl.concat([searched, remembered]), decided))


def lay_over(tested: pl.DataFrame, decided: Decided) -> pl.DataFrame:
    """The same pairs with decisions over them; pairs in any direction."""
    rows = [
        (each.left_sha256, each.right_sha256, each.verdict != NOT_SAME, f"{PERSON}: {each.who_when_why}")
        for each in decided.obeyed_pairs
    ]
    if not rows:
        return tested
    schema = {"left_sha256": pl.Binary, "right_sha256": pl.Binary, "verdict": pl.Boolean, "decided_by": pl.String}
    pairs = pl.DataFrame(rows, schema=schema, orient="row")
    levels = _both_ways(tested.filter("verdict").select(*PAIR_KEY, "level")).unique(PAIR_KEY, keep="first")
    with_level = pairs.join(levels, on=PAIR_KEY, how="left", maintain_order="left").with_columns(
        level=pl.when("verdict").then(pl.col("level").fill_null(DECIDED_LEVEL))
    )
    others = tested.join(_both_ways(pairs.select(PAIR_KEY)), on=PAIR_KEY, how="anti", maintain_order="left")
    return pl.concat([with_level.select(VERDICT_COLUMNS), others])


def tell_vouched(members: pl.DataFrame, decided: Decided) -> pl.DataFrame:
    """Fill `level` and `decided_by` of members that stand in their group by a person's word about another member.

    `members`: file_sha256, representative_sha256, level, decided_by. Someone called such a one the same as another image,
    which passed against the kept one, or is the same as that one.
    """
    words: dict[bytes, str] = {}
    for decision in decided.obeyed_pairs:
        if decision.verdict != NOT_SAME:
            for end in (decision.left_sha256, decision.right_sha256):
                words.setdefault(end, f"{PERSON}: {decision.who_when_why}")
    if not words:
        return members
    joined = _with_sentences(members, words)
    vouched = (
        pl.col("level").is_null()
        & pl.col("sentence").is_not_null()
        & (pl.col("file_sha256") != pl.col("representative_sha256"))
    )
    return joined.with_columns(
        level=pl.when(vouched).then(pl.lit(DECIDED_LEVEL)).otherwise("level"),
        decided_by=pl.when(vouched).then("sentence").otherwise("decided_by"),
    ).drop("sentence")


def tell_kept(groups: pl.DataFrame, words: pl.Series, decided: Decided) -> pl.Series:
    """`words` on why each group keeps its image, and instead of them a person's, where one chose among different files.

    `groups`: group_id, file_sha256, representative_sha256, a row an image.
    """
    sentences = {content: f"you said so: {decision.who_when_why}" for content, decision in decided.kept.items()}
    if not sentences:
        return words
    rows = _with_sentences(groups.with_columns(words.alias("words")), sentences)
    in_group = rows.with_columns(
        chosen=pl.col("sentence")
        .filter(pl.col("file_sha256") == pl.col("representative_sha256"))
        .first()
        .over("group_id"),
        files=pl.col("file_sha256").n_unique().over("group_id"),
        wishes=pl.col("file_sha256").filter(pl.col("sentence").is_not_null()).n_unique().over("group_id"),
    )
    newest = pl.format("{} (the newest of {} such decisions in this group)", "chosen", "wishes")
    told = pl.when(pl.col("wishes") > 1).then(newest).otherwise("chosen")
    own = pl.col("chosen").is_not_null() & (pl.col("files") > 1)
    return in_group.select(pl.when(own).then(told).otherwise("words").alias("words"))["words"]


def tell_apart(images: pl.DataFrame, words: pl.Series, decided: Decided) -> pl.Series:
    """`words` on why each group keeps its image, and instead of them, for one alone, from which others a person set it apart.

    `images`: path, file_sha256, group_size, a row an image. Of several others the first by path is named, and whose word
    that was; those that have left the source are left out.
    """
    apart = [each for each in decided.obeyed_pairs if each.verdict == NOT_SAME]
    if not apart:
        return words
    ends = [(each.left_sha256, each.right_sha256, each.who_when_why) for each in apart]
    schema = {"file_sha256": pl.Binary, "other": pl.Binary, "whose": pl.String}
    said = pl.DataFrame([*ends, *((other, one, whose) for one, other, whose in ends)], schema=schema, orient="row")
    present = images.join(said, on="file_sha256", how="semi").group_by("file_sha256").agg(pl.col("path").min())
    named = said.join(present, left_on="other", right_on="file_sha256").sort("path").group_by("file_sha256")
    first = named.agg(pl.first("path"), pl.first("whose"), others=pl.len())
    sentences = {content: _apart_in_words(*about) for content, *about in first.iter_rows()}
    rows = _with_sentences(images.with_columns(words.alias("words")), sentences)
    alone = (pl.col("group_size") == 1) & pl.col("sentence").is_not_null()
    return rows.select(pl.when(alone).then("sentence").otherwise("words").alias("words"))["words"]


def _apart_in_words(path: str, whose: str, others: int) -> str:
    more = f" and {counted(others - 1, 'more image')}" if others > 1 else ""
    return f"you said that it is not the same as {path}{more}: {whose}"


def _with_sentences(rows: pl.DataFrame, sentences: Mapping[bytes, str]) -> pl.DataFrame:
    """The same rows with a column `sentence`, found by file_sha256; null where there is none."""
    said = pl.DataFrame(
        {"file_sha256": list(sentences), "sentence": list(sentences.values())},
        schema={"file_sha256": pl.Binary, "sentence": pl.String},
    )
    return rows.join(said, on="file_sha256", how="left", maintain_order="left")


def _both_ways(pairs: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([pairs, pairs.rename(TURNED).select(pairs.columns)])
