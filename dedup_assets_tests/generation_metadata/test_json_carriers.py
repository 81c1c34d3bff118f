from dedup_assets.generation_metadata.json_carriers import find_object


def test_the_first_named_carrier_that_is_an_object_with_a_sign_is_found() -> None:
    carriers = {"COM": '{"b": 1}', "prompt": "not {an object} with a", "EXIF:Make": 'Prompt: {"a": 1}'}
    assert find_object(carriers, ["prompt", "COM", "EXIF:Make"], ['"a"']) == '{"a": 1}'
    assert find_object(carriers, ["prompt", "COM"], ['"a"']) is None
