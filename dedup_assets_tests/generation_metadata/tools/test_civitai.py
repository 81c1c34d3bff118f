import json

from dedup_assets.generation_metadata.parameters import Lora
from dedup_assets.generation_metadata.recipe import metadata_hash
from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets.generation_metadata.tools import civitai
from dedup_assets_tests.generation_metadata.samples import comfy_graph

INFOTEXT = (
    "a red fox\nNegative prompt: blurry\n\nSteps: 20, Sampler: Euler, CFG scale: 8, Seed: 99, Size: 1024x1024, "
    'Civitai resources: [{"type":"lora","weight":0.8,"modelVersionId":7},'
    '{"type":"checkpoint","modelVersionId":22,"modelName":"Fox"}]'
)
EXTRA = {"prompt": "a red fox", "negativePrompt": "blurry", "cfgScale": 8, "sampler": "Euler", "steps": 20, "seed": 99}
UPSCALE = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "https://example.com/a.jpeg"}},
    "2": {"class_type": "ImageUpscaleWithModel", "inputs": {"image": ["1", 0]}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}},
    "extraMetadata": json.dumps(
        {
            **EXTRA,
            "resources": [{"modelVersionId": 22, "strength": 1}, {"modelVersionId": 7, "strength": 0.8}],
            "transformations": [{"type": "upscale"}],
        }
    ),
}


def test_the_model_of_an_infotext_is_its_checkpoint_resource() -> None:
    parsed = parse_generation({"EXIF:UserComment": INFOTEXT})
    assert parsed is not None
    assert (parsed.tool, parsed.parameters.missing) == ("Civitai", ())
    assert (parsed.parameters.model, parsed.parameters.model_id) == ("Fox", "civitai@22")


def test_an_upscale_has_the_recipe_of_its_original() -> None:
    original = civitai.parse({"EXIF:UserComment": INFOTEXT})
    upscale = civitai.parse({"EXIF:UserComment": json.dumps(UPSCALE)})
    assert metadata_hash(upscale) == metadata_hash(original) is not None
    assert (upscale.stage, upscale.source_image) == ("upscale", "https://example.com/a.jpeg")


def test_loras_are_known_by_their_version_however_civitai_tells_them() -> None:
    original = civitai.parse({"EXIF:UserComment": INFOTEXT})
    assert original.loras == (Lora("civitai@7", 0.8),)
    loader = {
        "lora_name": "urn:air:sdxl:lora:civitai:3@7", "strength_model": 0.8, "strength_clip": 1, "model": ["4", 0],
    }  # fmt: skip
    graph = comfy_graph(model=["20", 0], scheduler="normal")
    graph["4"]["inputs"]["ckpt_name"] = "urn:air:sdxl:checkpoint:civitai:1@22"
    graph["20"] = {"class_type": "LoraLoader", "inputs": loader}
    final = civitai.parse({"prompt": json.dumps({**graph, "extraMetadata": json.dumps(EXTRA)})})
    assert metadata_hash(final) == metadata_hash(original) is not None


def test_tags_in_the_prompt_tell_the_loras_by_name() -> None:
    text = INFOTEXT.replace("a red fox", "a red fox <lora:fur:0.8>")
    assert civitai.parse({"EXIF:UserComment": text}).loras == (Lora("fur", 0.8),)


def test_a_graph_with_a_sampler_fills_what_the_extra_leaves_open() -> None:
    carriers = {
        "EXIF:UserComment": json.dumps({**comfy_graph(), "extraMetadata": '{"prompt": "typed", "clipSkip": 2}'})
    }
    assert civitai.detect(carriers)
    parameters = civitai.parse(carriers)
    assert (parameters.prompt, parameters.clip_skip, parameters.seed, parameters.model) == (
        "typed",
        2,
        99,
        "sdxl/fox.safetensors",
    )


def test_resources_that_are_no_json_leave_the_model_open() -> None:
    parameters = civitai.parse({"parameters": "a fox\nSteps: 20, Seed: 1, Civitai resources: [{broken"})
    assert parameters.missing == ("model",)


def test_other_infotexts_and_graphs_are_not_detected() -> None:
    assert not civitai.detect({"parameters": "Civitai resources: none"})
    assert not civitai.detect({"prompt": json.dumps(comfy_graph())})
