import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup_assets.generation_metadata.parameters import GenerationParameters, MetadataError
from dedup_assets.generation_metadata.recipe import canonical_text
from dedup_assets.generation_metadata.registry import TOOLS, parse_generation
from dedup_assets_tests.generation_metadata.hostile_carriers import HOSTILE_CARRIERS, SEED_CARRIERS
from dedup_assets_tests.generation_metadata.samples import INFOTEXT, comfy_carriers, comfy_graph


def test_a_parsed_file_says_who_wrote_it_and_what_is_missing() -> None:
    parsed = parse_generation(
        {"parameters": INFOTEXT.replace(", Model: foxModel_v1", "").replace("Model hash: 6ce0161689, ", "")}
    )
    assert parsed is not None
    assert (parsed.tool, parsed.error) == ("AUTOMATIC1111", None)
    assert parsed.parameters.missing == ("model",)


@pytest.mark.parametrize("carriers", [{}, {"EXIF:Make": "Canon"}, {"Comment": "holiday"}, {"error": "a chunk is cut"}])
def test_a_photograph_has_no_generation_metadata(carriers: dict[str, str]) -> None:
    assert parse_generation(carriers) is None


def test_a_text_that_cannot_be_read_is_a_cause_and_no_parameters() -> None:
    parsed = parse_generation({"prompt": '{"1": {"class_type": "KSampler", "inputs": {'})
    assert parsed is not None
    assert parsed.parameters == GenerationParameters()
    assert str(parsed.error).startswith("ComfyUI: the JSON cannot be read")


def test_names_of_tools_are_distinct() -> None:
    assert len({tool.NAME for tool in TOOLS}) == len(TOOLS) == 13


@pytest.mark.parametrize("name", sorted(SEED_CARRIERS))
def test_every_tool_knows_its_own_and_only_its_own(name: str) -> None:
    parsed = parse_generation(SEED_CARRIERS[name])
    assert parsed is not None
    assert parsed.error is None
    assert parsed.tool == name.split(",")[0]
    assert parsed.parameters.prompt is not None


@pytest.mark.parametrize("name", sorted(HOSTILE_CARRIERS))
def test_hostile_metadata_ends_in_bounded_time_with_a_result(name: str) -> None:
    start = time.perf_counter()
    parsed = parse_generation(HOSTILE_CARRIERS[name])
    assert time.perf_counter() - start < 10
    assert parsed is None or parsed.error or parsed.parameters is not None


def check_that_only_causes_come_out(carriers: dict[str, str]) -> None:
    """Ask every tool that detects its own, without the registry's net for what was not foreseen."""
    for tool in TOOLS:
        if tool.detect(carriers):
            with suppress(MetadataError):
                canonical_text(tool.parse(carriers))


CHANGES = st.lists(
    st.tuples(
        st.integers(0, 10_000), st.integers(0, 12), st.text(alphabet=st.characters(exclude_categories=()), max_size=6)
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=500)
@given(st.sampled_from(sorted(SEED_CARRIERS)), CHANGES)
def test_no_change_of_characters_raises_anything_but_a_cause(name: str, changes: list[tuple[int, int, str]]) -> None:
    carriers = dict(SEED_CARRIERS[name])
    for position, length, inserted in changes:
        key = sorted(carriers)[position % len(carriers)]
        start = position % (len(carriers[key]) + 1)
        carriers[key] = carriers[key][:start] + inserted + carriers[key][start + length :]
    check_that_only_causes_come_out(carriers)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, -1, 2**64, 2**70, 1e308, float("nan"), "", "None", "\x00", "\ud800"])
    | st.sampled_from([["3", 0], ["4", 1], ["6", 0], [3, 0], ["x", None], [["3"], 0]]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["content", "lora", "inputs"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=250)
@given(
    st.sampled_from(["3", "4", "5", "6", "7", "8", "9"]),
    st.sampled_from(
        [
            "inputs",
            "class_type",
            "seed",
            "steps",
            "model",
            "positive",
            "negative",
            "text",
            "images",
            "samples",
            "ckpt_name",
            "lora_1",
        ]
    ),
    JSON_VALUES,
)
def test_no_value_in_a_graph_raises_anything_but_a_cause(node: str, key: str, value: object) -> None:
    graph = comfy_graph()
    (graph[node] if key in graph[node] else graph[node]["inputs"])[key] = value
    check_that_only_causes_come_out(comfy_carriers(graph))


@settings(max_examples=250)
@given(st.data())
def test_no_value_in_an_object_raises_anything_but_a_cause(data: st.DataObject) -> None:
    objects = {
        (name, key): value
        for name in sorted(SEED_CARRIERS)
        for key, text in SEED_CARRIERS[name].items()
        if text.startswith("{") and isinstance(value := json.loads(text), dict)
    }
    name, carrier = data.draw(st.sampled_from(sorted(objects)))
    values = dict(objects[name, carrier])
    values[data.draw(st.sampled_from(sorted(values)))] = data.draw(JSON_VALUES)
    check_that_only_causes_come_out({**SEED_CARRIERS[name], carrier: json.dumps(values)})
