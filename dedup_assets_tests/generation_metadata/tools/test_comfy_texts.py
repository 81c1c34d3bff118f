from typing import Any

import pytest

from dedup_assets.generation_metadata.tools import comfyui
from dedup_assets_tests.generation_metadata.samples import comfy_carriers, comfy_graph


def prompts(nodes: dict[str, Any], **sampler: object) -> tuple[str | None, str | None]:
    parameters = comfyui.parse(comfy_carriers({**comfy_graph(**sampler), **nodes}))
    return parameters.prompt, parameters.negative_prompt


@pytest.mark.parametrize(
    "source",
    [
        {"t": {"class_type": "Text Multiline", "inputs": {"text": "a blue bird"}}},
        {"t": {"class_type": "PrimitiveString", "inputs": {"value": "a blue bird"}}},
        {
            "t": {"class_type": "ShowText|pysssss", "inputs": {"text": ["u", 0]}},
            "u": {"class_type": "String", "inputs": {"string": "a blue bird"}},
        },
        {"t": {"class_type": "Text Concatenate", "inputs": {"delimiter": " ", "text_a": "a blue", "text_b": "bird"}}},
        {
            "t": {
                "class_type": "StringConcatenate",
                "inputs": {"string_a": "a blue ", "string_b": "bird", "delimiter": ""},
            }
        },
        {
            "t": {
                "class_type": "ImpactWildcardProcessor",
                "inputs": {"wildcard_text": "a {blue|red} bird", "populated_text": "a blue bird"},
            }
        },
        {"t": {"class_type": "SDXLPromptStyler", "inputs": {"text_positive": "a blue bird", "text_negative": "no"}}},
    ],
)
def test_a_linked_text_is_followed_to_where_it_was_typed(source: dict[str, Any]) -> None:
    encode = {"class_type": "CLIPTextEncode", "inputs": {"text": ["t", 0], "clip": ["4", 1]}}
    assert prompts({"6": encode, **source}) == ("a blue bird", "blurry")


def test_two_encoders_of_one_text_give_it_once_and_different_texts_by_lines() -> None:
    both = {"class_type": "CLIPTextEncodeSDXL", "inputs": {"text_g": "a bird", "text_l": "a bird"}}
    different = {"class_type": "CLIPTextEncodeSDXL", "inputs": {"text_g": "a bird", "text_l": "feathers"}}
    assert prompts({"6": both})[0] == "a bird"
    assert prompts({"6": different})[0] == "a bird\nfeathers"


def test_combined_conditionings_are_joined() -> None:
    nodes = {
        "20": {
            "class_type": "ConditioningCombine",
            "inputs": {"conditioning_1": ["6", 0], "conditioning_2": ["21", 0]},
        },
        "21": {"class_type": "CLIPTextEncode", "inputs": {"text": "in snow"}},
    }
    assert prompts(nodes, positive=["20", 0]) == ("a red fox\nin snow", "blurry")


def test_a_zeroed_conditioning_is_the_empty_prompt() -> None:
    nodes = {"20": {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["6", 0]}}}
    assert prompts(nodes, negative=["20", 0]) == ("a red fox", "")


def test_a_loader_that_holds_both_prompts_gives_each_its_own() -> None:
    loader = {"ckpt_name": "fox.ckpt", "positive": "a bird", "negative": "rain"}
    nodes = {"20": {"class_type": "Efficient Loader", "inputs": loader}}
    assert prompts(nodes, model=["20", 0], positive=["20", 1], negative=["20", 2]) == ("a bird", "rain")


def test_a_prompt_that_is_computed_at_run_time_is_not_known() -> None:
    encode = {"class_type": "CLIPTextEncode", "inputs": {"text": ["t", 0], "clip": ["4", 1]}}
    assert prompts({"6": encode, "t": {"class_type": "WD14Tagger", "inputs": {"threshold": 0.35}}})[0] is None
