import re
import shutil
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from dedup_assets.assets import image_manifest
from dedup_assets.assets.image_manifest import no_prefix_was_emptied
from dedup_assets.errors import LostImagesError
from dedup_assets.policies import ListingPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.tables import IMAGE_MANIFEST
from dedup_assets_tests.assets.stages import Notes, Stages
from dedup_assets_tests.conftest import CollectionOf

FEW = ListingPolicy(min_lost_images=3)
FILES = {f"{where}/{number}.jpg": bytes([number]) * number for where in "ab" for number in range(1, 5)}


@pytest.fixture
def listed(collection_of: CollectionOf) -> Stages:
    """Two prefixes of four files, listed once."""
    stages = Stages(collection_of(FILES))
    stages.run(image_manifest)
    return stages


def list_again(stages: Stages, accept: str = "", keys: list[str] | None = None, policy: ListingPolicy = FEW) -> Notes:
    config = {IMAGE_MANIFEST.name: {"config": {"accept_loss": accept}}}
    return stages.run(image_manifest, keys=keys, config=config, listing_policy=policy)[IMAGE_MANIFEST.name]


def removed(notes: Notes) -> int:
    return sum(note["removed"] for note in notes.values())


def refusal_of(what: Callable[[], object]) -> str:
    with pytest.raises(LostImagesError) as refused:
        what()
    return str(refused.value)


def lose(stages: Stages, *paths: str) -> None:
    for path in paths:
        stages.remove(path)


def test_half_of_the_images_may_go_and_one_more_stops_the_run_with_a_sentence(listed: Stages) -> None:
    lose(listed, *(f"a/{number}.jpg" for number in range(1, 5)))
    assert removed(list_again(listed)) == 4
    lose(listed, *(f"b/{number}.jpg" for number in range(1, 4)))
    before = listed.tables.read_many(IMAGE_MANIFEST)
    told = refusal_of(lambda: list_again(listed))
    assert f"{listed.source} lacks 3 of 4 images (75%) of the last run, in the prefixes b (3), and nothing" in told
    assert listed.tables.read_many(IMAGE_MANIFEST).equals(before)


def test_fewer_than_the_policy_says_stop_nothing_unless_nothing_is_left(listed: Stages) -> None:
    lose(listed, *(path for path in FILES if path != "b/4.jpg"))
    assert removed(list_again(listed, policy=ListingPolicy())) == 7
    lose(listed, "b/4.jpg")
    assert "lacks 1 of 1 image (100%)" in refusal_of(lambda: list_again(listed, policy=ListingPolicy()))
    assert removed(list_again(listed, policy=ListingPolicy(max_lost_share=1))) == 1


def test_a_loss_is_accepted_for_the_images_that_were_named_and_no_others(listed: Stages) -> None:
    lose(listed, *(f"a/{number}.jpg" for number in range(1, 5)), "b/1.jpg")
    (digest,) = set(re.findall("[0-9a-f]{12}", refusal_of(lambda: list_again(listed))))
    lose(listed, "b/2.jpg")
    (other,) = set(re.findall("[0-9a-f]{12}", refusal_of(lambda: list_again(listed, accept=digest))))
    assert other != digest
    listed.write({"b/new.jpg": b"something that came meanwhile"})
    assert removed(list_again(listed, accept=other)) == 6
    lose(listed, "b/3.jpg", "b/4.jpg", "b/new.jpg")
    assert "lacks 3 of 3" in refusal_of(lambda: list_again(listed, accept=other))


def test_a_partition_that_is_made_alone_stops_where_the_whole_source_is_lost(listed: Stages) -> None:
    shutil.rmtree(listed.source)
    listed.source.mkdir()
    assert "lacks 8 of 8 images" in refusal_of(lambda: list_again(listed, keys=["a"]))


def test_a_partition_that_is_made_alone_may_be_empty_where_the_others_are_there(listed: Stages) -> None:
    lose(listed, *(f"a/{number}.jpg" for number in range(1, 5)))
    assert removed(list_again(listed, keys=["a"])) == 4


def test_what_a_new_glob_leaves_out_is_not_lost(listed: Stages) -> None:
    excluding = Stages(Collection(source=listed.collection.source, store=listed.collection.store, exclude=["*.jpg"]))
    assert removed(list_again(excluding)) == 0
    assert listed.tables.read_many(IMAGE_MANIFEST).is_empty()


def test_what_moved_elsewhere_is_not_lost_but_what_was_there_before_makes_up_for_nothing(listed: Stages) -> None:
    (listed.source / "a").rename(listed.source / "moved")
    lose(listed, "b/1.jpg")
    assert removed(list_again(listed)) == 5
    for where in ("moved", "b"):
        lose(listed, *(f"{where}/{number}.jpg" for number in range(2, 5)))
    assert "lacks 6 of 7" in refusal_of(lambda: list_again(listed))


def test_a_prefix_that_was_emptied_is_warned_of_until_it_is_forgotten_or_filled(listed: Stages) -> None:
    lose(listed, *(f"a/{number}.jpg" for number in range(1, 5)))
    list_again(listed)
    list_again(listed)
    assert emptied(listed, FEW) == ["a"]
    assert emptied(listed, ListingPolicy(forget_after_days=0)) == []
    listed.write({"a/1.jpg": b"it is back"})
    list_again(listed)
    assert emptied(listed, FEW) == []


def emptied(stages: Stages, policy: ListingPolicy) -> list[str]:
    result = no_prefix_was_emptied(collection=stages.collection, listing_policy=policy)
    assert isinstance(result, dg.AssetCheckResult)
    examples: Any = result.metadata["examples"].value
    assert result.passed == (not examples)
    return list(examples)
