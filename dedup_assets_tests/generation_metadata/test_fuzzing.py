from random import Random

import pytest

from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets_tests.generation_metadata.fuzzing import check_case, next_case
from dedup_assets_tests.generation_metadata.hostile_carriers import SEED_CARRIERS
from dedup_assets_tests.generation_metadata.mutations import CONTAINERS

CASES = 300


def test_no_damaged_file_ends_in_anything_but_a_cause() -> None:
    random = Random(20)
    for _ in range(CASES):
        check_case(next_case(random))


def test_one_seed_gives_one_sequence_of_files() -> None:
    first, second = Random(3), Random(3)
    assert [next_case(first) for _ in range(50)] == [next_case(second) for _ in range(50)]


@pytest.mark.parametrize("number", range(len(CONTAINERS)))
def test_every_container_brings_some_seed_to_the_parsers_whole(number: int) -> None:
    parsed = [parse_generation(read_carriers(CONTAINERS[number](carriers))) for carriers in SEED_CARRIERS.values()]
    assert any(each is not None and each.error is None and each.parameters.prompt is not None for each in parsed)
