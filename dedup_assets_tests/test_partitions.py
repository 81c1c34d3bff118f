"""Where directories are placed: names of any kind, huge ones, ten thousand tiny ones, and never anywhere else afterwards."""

import string
from urllib.parse import unquote

import dagster as dg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup_assets.partitions import (
    IMAGES_PER_SHARD,
    MAX_IMAGES,
    MAX_OWN_PARTITIONS,
    MIN_IMAGES,
    Placement,
    PrefixLayout,
    directory_of,
    image_id,
    is_whole,
    partition_key,
)
from dedup_assets.resources.tables.commits import partition_directory

PARTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=12)
NASTY_PARTS = st.text(alphabet='./#+%*,|[]\\"~ \t\n\0ü🙂a0', min_size=1, max_size=6).filter(
    lambda part: part.strip("/")
)
PATHS = st.lists(PARTS | NASTY_PARTS, min_size=1, max_size=5).map("/".join)
DEPTHS = st.integers(0, 4)


def after(layout: PrefixLayout, images: dict[str, int]) -> PrefixLayout:
    """The layout with more directories placed."""
    return PrefixLayout(layout.prefix_depth, {**layout.placements, **layout.place(images)})


def test_the_id_of_an_image_is_the_start_of_the_digest_of_its_path() -> None:
    assert image_id("catalog/shoes/1.jpg") == 0x8E53FECEE4565D9D >> 1


@given(PATHS)
def test_ids_are_positive_numbers_of_63_bits_and_the_same_every_time(path: str) -> None:
    assert 0 < image_id(path) < 2**63
    assert image_id(path) == image_id(str(path))


@pytest.mark.parametrize(
    ("path", "depth", "directory"),
    [
        ("a.jpg", 1, ""),
        ("a/b.jpg", 0, ""),
        ("a/b.jpg", 1, "a"),
        ("a/b/c.jpg", 1, "a"),
        ("a/b/c.jpg", 2, "a/b"),
        ("a/b.jpg", 3, "a"),
        ("/a.jpg", 1, ""),
        ("/a/b.jpg", 1, "/a"),
        ("//a/b.jpg", 1, "//a"),
        ("a//b/c.jpg", 2, "a//b"),
        ("a//c.jpg", 2, "a"),
    ],
)
def test_the_directory_of_a_path_is_its_first_parts_with_the_slashes_in_front_of_them(
    path: str, depth: int, directory: str
) -> None:
    assert directory_of(path, depth) == directory


@given(PATHS, DEPTHS)
def test_a_directory_is_where_its_path_begins_and_is_whole_only_at_full_depth(path: str, depth: int) -> None:
    directory = directory_of(path, depth)
    assert path.startswith(f"{directory}/" if directory else "")
    assert is_whole(directory, depth) or directory == directory_of(path, 99)


@given(PATHS)
@example("a/./b")
@example("../x")
@example(".../#00/+001/%2E")
@example("//a")
@example(" a / b ")
@example("\u3000a\u2028")
def test_a_key_gives_its_directory_back(directory: str) -> None:
    assert unquote(partition_key(directory)) == directory


@given(PATHS, PATHS)
@example("a/#00", "a/%2300")
@example("a/+001", "a/%2B001")
@example("..", "%2E%2E")
def test_different_directories_have_different_keys_and_different_folders_of_their_tables(one: str, other: str) -> None:
    keys = partition_key(one), partition_key(other)
    assert (keys[0] == keys[1]) == (one == other)
    assert (partition_directory(keys[0]) == partition_directory(keys[1])) == (one == other)


@settings(max_examples=5)
@given(st.lists(PATHS, min_size=30, unique=True))
def test_dagster_takes_every_key(directories: list[str]) -> None:
    keys = [partition_key(directory) for directory in directories]
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("blob_prefix", keys)
        assert instance.get_dynamic_partitions("blob_prefix") == keys


@given(PATHS)
def test_no_part_of_a_key_can_be_mistaken_for_a_shard_or_a_pack_or_a_way_up(directory: str) -> None:
    parts = partition_key(directory).split("/")
    assert not [part for part in parts if part in (".", "..") or part.startswith(("#", "+"))]
    assert not [part for part in parts if part != part.strip()]


def test_the_root_has_a_key_that_a_person_can_see() -> None:
    assert partition_key("") == "/"


def test_readable_names_stay_readable() -> None:
    assert partition_key("uploads/Überblick & Co (2026)") == "uploads/Überblick & Co (2026)"


def test_a_directory_of_ordinary_size_is_a_partition_of_its_own() -> None:
    layout = after(PrefixLayout(1), {"shoes": MAX_IMAGES, "": 3})
    assert layout.keys == ["/", "shoes"]
    assert layout.key_of("shoes/red/1.jpg") == "shoes"
    assert layout.key_of("1.jpg") == "/"
    assert layout.key_of("hats/1.jpg") is None


def test_a_huge_directory_is_split_into_shards_of_half_the_size() -> None:
    placed = PrefixLayout(1).place({"shoes": 1_000_000})["shoes"]
    assert placed.shards == 1_000_000 / IMAGES_PER_SHARD
    assert placed.keys[:2] == ["shoes/#00", "shoes/#01"]
    assert PrefixLayout(1).place({"shoes": MAX_IMAGES + 1})["shoes"].shards == 3


def test_shards_are_about_equal_and_hold_every_image_once() -> None:
    placement = Placement("shoes", 4)
    keys = [placement.key_of(f"shoes/{number}.jpg") for number in range(4_000)]
    counts = {key: keys.count(key) for key in placement.keys}
    assert sum(counts.values()) == 4_000
    assert all(850 < count < 1_150 for count in counts.values())


def test_ten_thousand_tiny_directories_of_one_parent_are_packed_into_few_partitions() -> None:
    images = {f"users/{number:05d}": 7 for number in range(10_000)}
    layout = after(PrefixLayout(2), images)
    assert layout.keys == [f"users/+{number:03d}" for number in range(1, 9)]
    sizes = [sum(images[where] for where in layout.directories_of([key])) for key in layout.keys]
    assert max(sizes) <= IMAGES_PER_SHARD
    assert sum(sizes) == 70_000


def test_tiny_directories_at_the_root_are_packed_there() -> None:
    layout = after(PrefixLayout(1), {f"{number:05d}": 1 for number in range(600)} | {"": 1})
    assert layout.keys == ["+001"]


def test_large_directories_stay_their_own_where_small_ones_are_packed() -> None:
    many = {f"users/{number:05d}": 1 for number in range(MAX_OWN_PARTITIONS)}
    layout = after(PrefixLayout(2), {**many, "users/large": MIN_IMAGES})
    assert layout.keys == ["users/large", "users/+001"]


def test_five_hundred_small_directories_are_not_packed() -> None:
    layout = after(PrefixLayout(1), {f"{number:05d}": 1 for number in range(MAX_OWN_PARTITIONS)})
    assert len(layout.keys) == MAX_OWN_PARTITIONS


def test_a_later_pack_of_the_same_parent_has_a_number_of_its_own() -> None:
    layout = after(PrefixLayout(2), {f"users/{number:05d}": 1 for number in range(600)})
    later = after(layout, {f"users/new {number:05d}": 1 for number in range(600)})
    assert later.keys == ["users/+001", "users/+002"]


@settings(max_examples=40)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([f"{parent}/{name}" for parent in "ab" for name in string.ascii_lowercase]),
            st.sampled_from([1, 999, 1_000, 20_000, 20_001, 45_000]),
            max_size=20,
        ),
        max_size=4,
    )
)
def test_no_image_ever_moves_however_many_directories_come(waves: list[dict[str, int]]) -> None:
    layout = PrefixLayout(2, {f"old/{number}": Placement(f"old/{number}") for number in range(495)})
    seen: dict[str, str | None] = {}
    for wave in waves:
        layout = after(layout, {where: count for where, count in wave.items() if where not in layout.placements})
        paths = [f"{where}/{number}.jpg" for where in layout.placements for number in range(3)]
        assert {path: layout.key_of(path) for path in seen} == seen
        seen = {path: layout.key_of(path) for path in paths}
    assert None not in seen.values()
    assert len(layout.keys) == len(set(layout.keys))


def test_the_order_in_which_directories_are_listed_does_not_matter() -> None:
    images = {f"users/{number:05d}": number % 40 for number in range(2_000)}
    backwards = dict(reversed(images.items()))
    assert list(PrefixLayout(2).place(images).items()) == list(PrefixLayout(2).place(backwards).items())


def test_the_keys_of_one_directory_are_one_family_so_that_it_is_listed_once() -> None:
    layout = PrefixLayout(1, {"big": Placement("big", 3), "a": Placement("+001"), "b": Placement("+001")})
    assert layout.families(["big/#02", "+001", "unknown", "big/#00"]) == [["big/#02", "big/#00"], ["+001"]]
    assert layout.directories_of(["+001"]) == ["a", "b"]
    assert layout.directories_of(["big/#01"]) == ["big"]
