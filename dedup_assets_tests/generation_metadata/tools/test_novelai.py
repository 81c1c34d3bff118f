import json

import pytest

from dedup_assets.generation_metadata.tools import novelai

COMMENT = {
    "steps": 28,
    "sampler": "k_euler",
    "seed": 2253955223,
    "scale": 5.5,
    "uc": "rain",
    "noise_schedule": "karras",
    "width": 832,
    "height": 1216,
}
TEXTS = {
    "Title": "AI generated image",
    "Description": "a red fox",
    "Software": "NovelAI",
    "Source": "Stable Diffusion XL C1E1DE52",
    "Comment": json.dumps(COMMENT),
}


def test_png_texts_are_read() -> None:
    assert novelai.detect(TEXTS)
    parameters = novelai.parse(TEXTS)
    assert (parameters.prompt, parameters.negative_prompt, parameters.seed, parameters.steps) == (
        "a red fox",
        "rain",
        2253955223,
        28,
    )
    assert (parameters.model, parameters.model_hash) == ("Stable Diffusion XL", "C1E1DE52")
    assert (parameters.sampler, parameters.scheduler, parameters.guidance, parameters.stage) == (
        "k_euler",
        "karras",
        5.5,
        "text",
    )


@pytest.mark.parametrize("carrier", ["EXIF:UserComment", "stealth-alpha"])
@pytest.mark.parametrize("comment", [COMMENT, json.dumps(COMMENT)])
def test_the_same_object_is_read_elsewhere(carrier: str, comment: object) -> None:
    carriers = {carrier: json.dumps({**TEXTS, "Comment": comment})}
    assert novelai.detect(carriers)
    assert novelai.parse(carriers) == novelai.parse(TEXTS)


def test_captions_of_version_4_are_read_with_their_characters() -> None:
    caption = {
        "caption": {"base_caption": "two foxes", "char_captions": [{"char_caption": "red"}, {"char_caption": "white"}]}
    }
    comment = json.dumps({**COMMENT, "v4_prompt": caption, "strength": 0.7, "request_type": "Img2ImgRequest"})
    parameters = novelai.parse({**TEXTS, "Comment": comment})
    assert (parameters.prompt, parameters.denoise, parameters.stage) == ("two foxes\nred\nwhite", 0.7, "image")


def test_a_source_without_a_hash_is_the_model() -> None:
    assert novelai.parse({**TEXTS, "Source": "NovelAI Diffusion"}).model == "NovelAI Diffusion"


def test_a_strength_tells_nothing_where_the_request_is_one_of_text() -> None:
    comment = json.dumps({**COMMENT, "strength": 0.7, "request_type": "PromptGenerateRequest"})
    parameters = novelai.parse({**TEXTS, "Comment": comment})
    assert (parameters.denoise, parameters.stage) == (None, "text")


def test_version_1_writes_a_strength_without_telling_the_kind_of_request() -> None:
    comment = json.dumps({**COMMENT, "strength": 0.4, "noise": 0.0})
    parameters = novelai.parse({**TEXTS, "Comment": comment})
    assert (parameters.denoise, parameters.stage) == (0.4, None)
