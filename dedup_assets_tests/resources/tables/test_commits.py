"""The record of what is visible of a partition."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.resources.tables.commits import LONGEST_NAME, Commit, Part, partition_directory

PARTS = (Part("a.parquet", 2, 10, "11"), Part("b.parquet", 3, 10, "22"))


def test_a_commit_counts_the_rows_of_its_parts() -> None:
    assert Commit("t", "p", PARTS).rows == 5
    assert Commit("t", "p").rows == 0


def test_the_digest_follows_the_content_not_the_names_or_the_order_of_parts() -> None:
    renamed = tuple(replace(part, name=f"other {part.name}") for part in PARTS[::-1])
    assert Commit("t", "p", PARTS).digest == Commit("u", "q", renamed, "f").digest
    assert Commit("t", "p", PARTS).digest != Commit("t", "p", PARTS[:1]).digest


@pytest.mark.parametrize(
    "data", [b"{}", b'{"table": "t", "partition": "p", "partz": []}', b'{"table": "t", "partition": "p", "parts": [7]}']
)
def test_a_commit_of_0_2_0_that_lacks_a_field_or_holds_another_is_damaged(data: bytes) -> None:
    with pytest.raises(ValueError, match="no commit"):
        Commit.read(data, 0)


@given(st.text(max_size=400), st.text(max_size=400))
def test_different_partitions_have_different_directories_that_any_file_system_takes(one: str, other: str) -> None:
    names = [partition_directory(key.encode("utf-8", "replace").decode()) for key in (one, other)]
    assert (names[0] == names[1]) == (one.encode("utf-8", "replace") == other.encode("utf-8", "replace"))
    assert all("/" not in name and len(name) <= LONGEST_NAME for name in names)
