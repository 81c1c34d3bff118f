import pytest

from dedup_assets.generation_metadata.parameters import MetadataError
from dedup_assets.generation_metadata.tools import midjourney

JOB = "Job ID: 0f7dbc2c-9f5d-4b0e-b7ad-3d8e7a0cf3f1"


@pytest.mark.parametrize("carrier", ["Description", "EXIF:ImageDescription"])
def test_prompt_and_options_are_read(carrier: str) -> None:
    carriers = {carrier: f"a red fox, well-lit --ar 3:2 --no rain, fog --seed 42 --v 6.1 --stylize 250 {JOB}"}
    assert midjourney.detect(carriers)
    parameters = midjourney.parse(carriers)
    assert (parameters.prompt, parameters.negative_prompt, parameters.seed) == ("a red fox, well-lit", "rain, fog", 42)
    assert (parameters.model, parameters.guidance, parameters.missing) == ("Midjourney v6.1", None, ("steps",))


def test_a_bare_prompt_is_read_and_the_rest_is_missing() -> None:
    assert midjourney.parse({"Description": f"a red fox {JOB}"}).missing == ("model", "seed", "steps")


def test_niji_is_a_model() -> None:
    assert midjourney.parse({"Description": f"a fox --niji 6 {JOB}"}).model == "Midjourney niji 6"


def test_a_description_in_xmp_is_read() -> None:
    assert midjourney.parse({"XMP": f'<rdf:li xml:lang="x-default">a fox --v 5 {JOB}</rdf:li>'}).prompt == "a fox"


def test_an_id_without_a_command_is_an_error_in_words() -> None:
    with pytest.raises(MetadataError, match="no command"):
        midjourney.parse({"Description": "Job ID: none"})
