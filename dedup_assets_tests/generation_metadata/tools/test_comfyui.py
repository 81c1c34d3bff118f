import json
from typing import Any

import pytest

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.recipe import metadata_hash
from dedup_assets.generation_metadata.tools import comfyui
from dedup_assets_tests.generation_metadata.samples import comfy_carriers, comfy_graph, with_hires_pass


def parse(graph: dict[str, Any]) -> GenerationParameters:
    carriers = comfy_carriers(graph)
    assert comfyui.detect(carriers)
    return comfyui.parse(carriers)


def test_the_default_graph_is_read() -> None:
    assert parse(comfy_graph()) == GenerationParameters(
        prompt="a red fox",
        negative_prompt="blurry",
        model="sdxl/fox.safetensors",
        seed=99,
        steps=20,
        sampler="euler",
        scheduler="karras",
        guidance=8.0,
        denoise=1.0,
        width=1024,
        height=768,
        stage="text",
    )


@pytest.mark.parametrize("carrier", ["prompt", "EXIF:UserComment", "EXIF:Make", "EXIF:Model", "EXIF:ImageDescription"])
@pytest.mark.parametrize("prefix", ["", "prompt:", "Prompt: "])
def test_the_graph_is_found_wherever_savers_put_it(carrier: str, prefix: str) -> None:
    carriers = {carrier: prefix + json.dumps(comfy_graph())}
    assert comfyui.detect(carriers)
    assert comfyui.parse(carriers).seed == 99


def test_nan_in_a_graph_is_read_over() -> None:
    parameters = parse(comfy_graph(cfg=float("nan")))
    assert (parameters.guidance, parameters.seed) == (None, 99)


def test_orig_and_final_of_one_graph_and_of_a_longer_graph_have_one_recipe() -> None:
    orig, final = parse(comfy_graph()), parse(with_hires_pass(comfy_graph()))
    assert metadata_hash(orig) == metadata_hash(final) is not None
    only_final = with_hires_pass(comfy_graph())
    del only_final["9"]
    assert metadata_hash(parse(only_final)) == metadata_hash(orig)
    assert (parse(only_final).stage, parse(only_final).first_pass_width) == ("hires", 1024)


def two_pictures() -> dict[str, Any]:
    """Two save nodes whose pictures differ in the seed alone."""
    graph = comfy_graph()
    other = {**graph["3"]["inputs"], "seed": 100}
    return {
        **graph,
        "23": {"class_type": "KSampler", "inputs": other},
        "28": {"class_type": "VAEDecode", "inputs": {"samples": ["23", 0], "vae": ["4", 2]}},
        "29": {"class_type": "SaveImage", "inputs": {"images": ["28", 0]}},
    }


def test_of_two_pictures_in_one_graph_only_what_is_common_is_known() -> None:
    parameters = parse(two_pictures())
    assert parameters.missing == ("seed",)
    assert (parameters.prompt, parameters.steps) == ("a red fox", 20)
    assert metadata_hash(parameters) is None


def test_a_text_beside_the_graph_says_which_of_the_two_this_is() -> None:
    carriers = {
        **comfy_carriers(two_pictures()),
        "parameters": "a red fox\nSteps: 20, Seed: 100, Model hash: abcdef0123",
    }
    parameters = comfyui.parse(carriers)
    assert (parameters.seed, parameters.model_hash, parameters.model) == (100, "abcdef0123", "sdxl/fox.safetensors")


def test_a_refiner_that_adds_no_noise_gives_neither_seed_nor_stage() -> None:
    graph = comfy_graph()
    base = {**graph["3"]["inputs"], "add_noise": "enable", "noise_seed": 12345}
    del base["seed"]
    refiner = {**base, "add_noise": "disable", "noise_seed": 777, "model": ["14", 0], "latent_image": ["3", 0]}
    graph["3"] = {"class_type": "KSamplerAdvanced", "inputs": base}
    graph["13"] = {"class_type": "KSamplerAdvanced", "inputs": refiner}
    graph["14"] = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "refiner.safetensors"}}
    graph["8"]["inputs"]["samples"] = ["13", 0]
    parameters = parse(graph)
    assert (parameters.seed, parameters.model, parameters.stage) == (12345, "sdxl/fox.safetensors", "text")


def test_a_sampler_without_noise_takes_the_seed_of_its_latent() -> None:
    graph = comfy_graph()
    sampler = {**graph["3"]["inputs"], "add_noise": "disable", "noise_seed": 1}
    del sampler["seed"]
    graph["3"] = {"class_type": "KSamplerAdvanced", "inputs": sampler}
    graph["5"] = {"class_type": "BNK_NoisyLatentImage", "inputs": {"seed": 31, "width": 512, "height": 512}}
    assert parse(graph).seed == 31
    graph["5"] = {"class_type": "LoadLatent", "inputs": {"latent": "saved"}}
    assert parse(graph).seed is None


def test_a_detailer_works_over_the_picture_of_the_sampler_before_it() -> None:
    graph = comfy_graph()
    detailer = {**graph["3"]["inputs"], "seed": 7, "denoise": 0.5, "image": ["8", 0]}
    del detailer["latent_image"]
    graph["20"] = {"class_type": "FaceDetailer", "inputs": detailer}
    graph["9"]["inputs"]["images"] = ["20", 0]
    parameters = parse(graph)
    assert (parameters.seed, parameters.stage) == (99, "hires")


def test_an_image_to_start_from_is_the_source() -> None:
    graph = comfy_graph(denoise=0.6)
    graph["5"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["30", 0], "vae": ["4", 2]}}
    graph["30"] = {"class_type": "LoadImage", "inputs": {"image": "fox.jpg"}}
    parameters = parse(graph)
    assert (parameters.source_image, parameters.denoise, parameters.stage) == ("fox.jpg", 0.6, "image")


def test_a_control_image_is_no_source() -> None:
    graph = comfy_graph(positive=["20", 0], negative=["20", 1])
    inputs = {"positive": ["6", 0], "negative": ["7", 0], "control_net": ["21", 0], "image": ["30", 0]}
    graph["20"] = {"class_type": "ControlNetApplyAdvanced", "inputs": inputs}
    graph["21"] = {"class_type": "ControlNetLoader", "inputs": {"control_net_name": "depth"}}
    graph["30"] = {"class_type": "LoadImage", "inputs": {"image": "depth.png"}}
    parameters = parse(graph)
    assert (parameters.prompt, parameters.negative_prompt) == ("a red fox", "blurry")
    assert (parameters.source_image, parameters.stage) == (None, "text")


def test_loras_and_clip_skip_on_the_way_are_read() -> None:
    graph = comfy_graph(model=["40", 0])
    graph["40"] = {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "fur.safetensors", "strength_model": 0.7, "strength_clip": 1, "model": ["41", 0]},
    }
    graph["41"] = {
        "class_type": "Power Lora Loader (rgthree)",
        "inputs": {
            "lora_1": {"on": True, "lora": "snow", "strength": 0.5},
            "lora_2": {"on": False, "lora": "off", "strength": 1},
            "model": ["4", 0],
        },
    }
    graph["42"] = {"class_type": "CLIPSetLastLayer", "inputs": {"stop_at_clip_layer": -2, "clip": ["4", 1]}}
    graph["6"]["inputs"]["clip"] = ["42", 0]
    parameters = parse(graph)
    assert parameters.loras == (Lora("fur.safetensors", 0.7), Lora("snow", 0.5))
    assert (parameters.clip_skip, parameters.model) == (2, "sdxl/fox.safetensors")


def test_a_flux_graph_of_guider_noise_and_sigmas_is_read() -> None:
    graph = {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["11", 0]}},
        "3": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["2", 0]}},
        "4": {"class_type": "BasicGuider", "inputs": {"model": ["1", 0], "conditioning": ["3", 0]}},
        "5": {"class_type": "RandomNoise", "inputs": {"noise_seed": 2**64 - 1}},
        "6": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "7": {
            "class_type": "BasicScheduler",
            "inputs": {"scheduler": "simple", "steps": 28, "denoise": 1.0, "model": ["1", 0]},
        },
        "8": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024, "batch_size": 1}},
        "9": {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": ["5", 0],
                "guider": ["4", 0],
                "sampler": ["6", 0],
                "sigmas": ["7", 0],
                "latent_image": ["8", 0],
            },
        },
        "10": {"class_type": "SaveImage", "inputs": {"images": ["12", 0]}},
        "11": {"class_type": "DualCLIPLoader", "inputs": {"clip_name1": "t5"}},
        "12": {"class_type": "VAEDecode", "inputs": {"samples": ["9", 0]}},
    }
    assert parse(graph) == GenerationParameters(
        prompt="a red fox",
        model="flux1-dev.safetensors",
        seed=2**64 - 1,
        steps=28,
        sampler="euler",
        scheduler="simple",
        distilled_guidance=3.5,
        denoise=1.0,
        width=1024,
        height=1024,
        stage="text",
    )


def test_values_behind_pipes_and_primitives_are_found() -> None:
    graph = comfy_graph(seed=["50", 0], steps=["51", 0], model=["60", 0], positive=["60", 1], negative=["60", 2])
    graph["50"] = {"class_type": "Seed (rgthree)", "inputs": {"seed": 4242}}
    graph["51"] = {"class_type": "Reroute", "inputs": {"value": ["52", 0]}}
    graph["52"] = {"class_type": "PrimitiveInt", "inputs": {"value": 33}}
    graph["60"] = {"class_type": "FromBasicPipe", "inputs": {"basic_pipe": ["61", 0]}}
    pipe = {"model": ["4", 0], "clip": ["4", 1], "positive": ["6", 0], "negative": ["7", 0]}
    graph["61"] = {"class_type": "ToBasicPipe", "inputs": pipe}
    parameters = parse(graph)
    assert (parameters.seed, parameters.steps, parameters.model) == (4242, 33, "sdxl/fox.safetensors")
    assert (parameters.prompt, parameters.negative_prompt) == ("a red fox", "blurry")


def test_ids_of_subgraphs_and_wrapped_values_are_read() -> None:
    text = json.dumps(comfy_graph(seed={"__value__": 17})).replace('"3"', '"3:12"')
    assert comfyui.parse({"prompt": text}).seed == 17


def test_a_graph_nested_in_an_object_is_found() -> None:
    carriers = {"EXIF:UserComment": json.dumps({"prompt": comfy_graph(), "workflow": {}})}
    assert comfyui.detect(carriers)
    assert comfyui.parse(carriers).seed == 99


def test_a_graph_that_draws_nothing_has_no_recipe() -> None:
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "fox.png"}},
        "2": {"class_type": "ImageUpscaleWithModel", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}},
    }
    parameters = parse(graph)
    assert (parameters.source_image, parameters.stage) == ("fox.png", "upscale")
    assert metadata_hash(parameters) is None
