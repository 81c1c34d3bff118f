"""Objects are found among carriers, parsed or refused in words, and fill parameters by their keys."""

import pytest

from dedup_assets.generation_metadata.objects import (
    MAX_ROWS,
    ToolObject,
    Values,
    load_object,
    named_loras,
    rows_of,
)
from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora, MetadataError
from dedup_assets.generation_metadata.values import to_float


def test_the_first_named_carrier_that_is_an_object_with_a_sign_is_found() -> None:
    carriers = {"COM": '{"b": 1}', "prompt": "not {an object} with a", "EXIF:Make": 'Prompt: {"a": 1}'}
    own = ToolObject(("prompt", "COM", "EXIF:Make"), ('"a"',))
    assert (own.find(carriers), own.load(carriers)) == ('{"a": 1}', {"a": 1})
    absent = ToolObject(("prompt", "COM"), ('"a"',))
    assert absent.find(carriers) is None
    with pytest.raises(MetadataError, match="cannot be read"):
        absent.load(carriers)


def test_fields_are_read_from_their_own_name_another_or_the_first_of_several_that_has_a_value() -> None:
    values = Values({"seed": "7", "cfg_scale": 5, "base_model": None, "Base Model": " fox ", "steps": 20})
    told = values.parameters("seed, guidance=cfg_scale, model=base_model|Base Model, prompt", stage="text")
    assert told == GenerationParameters(seed=7, guidance=5.0, model="fox", stage="text")


def test_rows_and_loras_that_are_none_are_left_out() -> None:
    rows = rows_of([{"name": "a", "weight": "0.5"}, 3, {"name": None}, {"name": "b"}])
    assert named_loras((row.get("name"), row.get("weight")) for row in rows) == (Lora("a", 0.5), Lora("b"))
    assert (rows_of("ab"), len(rows_of([{}] * 1_000))) == ([], MAX_ROWS)


def test_what_is_no_object_or_list_under_a_key_is_an_empty_one() -> None:
    values = Values({"child": {"rows": [{"a": 1}]}, "text": "x", "null": None})
    assert values.child("child").rows("rows") == [{"a": 1}]
    assert [values.child(key) for key in ("text", "null", "absent")] == [{}, {}, {}]
    assert values.rows("child") == values.rows("absent") == []
    assert (values.first("absent", "null", "text"), values.first("absent")) == ("x", None)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"a": ' * 200_000, "nested too deeply"),
        ("[" * 1_000_000, "nested too deeply"),
        ("[]", "not an object"),
        ('{"a": 1', "cannot be read"),
        ('{"a": ' + "9" * 100_000 + "}", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_hostile_json_is_an_error_in_words(text: str, cause: str) -> None:
    with pytest.raises(MetadataError, match=cause):
        load_object(text)


def test_nan_is_json_here() -> None:
    assert to_float(load_object('{"cfg": NaN}')["cfg"]) is None
