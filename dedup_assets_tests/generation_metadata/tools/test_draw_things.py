import html
import json

import pytest

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora, MetadataError
from dedup_assets.generation_metadata.tools import draw_things

VALUES = {
    "c": 'a "red" fox & <snow>',
    "uc": "rain",
    "seed": 4020573952,
    "steps": 30,
    "scale": 7,
    "sampler": "DPM++ 2M Karras",
    "model": "fox_f16.ckpt",
    "size": "512x768",
    "strength": 1,
    "lora": [{"model": "fur", "weight": 0.6}],
}
EXPECTED = GenerationParameters(
    prompt='a "red" fox & <snow>',
    negative_prompt="rain",
    model="fox_f16.ckpt",
    seed=4020573952,
    steps=30,
    sampler="DPM++ 2M Karras",
    guidance=7.0,
    loras=(Lora("fur", 0.6),),
    denoise=1.0,
    width=512,
    height=768,
    stage="text",
)


def packet(settings: str) -> str:
    return (
        "<x:xmpmeta><rdf:Description><xmp:CreatorTool>Draw Things</xmp:CreatorTool><dc:description><rdf:Alt>"
        '<rdf:li xml:lang="x-default">a fox, Steps: 30, Seed: 5</rdf:li></rdf:Alt></dc:description><exif:UserComment>'
        f'<rdf:Alt><rdf:li xml:lang="x-default">{html.escape(settings)}</rdf:li></rdf:Alt></exif:UserComment>'
    )


def test_the_object_in_the_xmp_packet_is_read() -> None:
    carriers = {"XMP": packet(json.dumps(VALUES))}
    assert draw_things.detect(carriers)
    assert draw_things.parse(carriers) == EXPECTED


def test_the_object_in_the_user_comment_is_read() -> None:
    assert draw_things.parse({"XMP": packet(""), "EXIF:UserComment": json.dumps(VALUES)}) == EXPECTED


def test_a_packet_without_settings_is_an_error_in_words() -> None:
    with pytest.raises(MetadataError, match="holds no settings"):
        draw_things.parse({"XMP": "Draw Things"})


def test_a_packet_of_another_program_is_not_detected() -> None:
    assert not draw_things.detect({"XMP": "<xmp:CreatorTool>Adobe</xmp:CreatorTool>"})


def test_loras_stand_in_the_second_version_of_the_settings_too() -> None:
    values = {**VALUES, "lora": None, "v2": {"loras": [{"file": "fur_f16.ckpt", "weight": 0.6}], "clipSkip": 2}}
    parameters = draw_things.parse({"XMP": packet(json.dumps(values))})
    assert (parameters.loras, parameters.clip_skip) == ((Lora("fur_f16.ckpt", 0.6),), 2)
