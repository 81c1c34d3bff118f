"""Files as the tools themselves wrote them, where `DEDUP_CORPUS` names a folder of them; values were checked by hand."""

import os
from pathlib import Path

import pytest

from dedup_assets.generation_metadata.recipe import file_report

CORPUS = os.environ.get("DEDUP_CORPUS")
pytestmark = pytest.mark.corpus

HAND_CHECKED = {
    "enslo__forge-classic-hires.jpeg": ("waiIllustriousSDXL_v160", 3452054396, 20, "general, masterpiece"),
    "enslo__sd-next.jpg": ("waiIllustriousSDXL_v160", 899700607, 20, "general, masterpiece"),
    "enslo__sd-webui.webp": ("waiIllustriousSDXL_v160", 1028435836, 20, "general, masterpiece"),
    "enslo__reforge-hires.webp": ("waiIllustriousSDXL_v160", 1010990389, 20, "general, masterpiece"),
    "enslo__civitai.jpeg": ("WAI-illustrious-SDXL", 1311178179, 25, "general, masterpiece"),
    "haoming02__off.webp": ("evenlyMix_v11", 1234, 20, "1girl, solo, hatsune"),
    "lllyasviel__card-no-preview.png": ("dreamlike-photoreal-2.0", 2448144561, 20, "dreamlike neural"),
    "comfyanonymous__lora.png": ("v1-5-pruned-emaonly.ckpt", 851616030078638, 20, "masterpiece best quality"),
    "comfyanonymous__depth_controlnet.png": ("v1-5-pruned-emaonly.ckpt", 891858402356003, 20, "underwater photograph"),
    "cubiq__SDXL_simple.png": ("sd_xl_base_1.0.safetensors", 12345, 25, "a photo of a cat wearing"),
    "cubiq__img2img.png": ("sd_xl_base_1.0.safetensors", 41, 20, "a professional photo"),
    "nerdyrodent__Instant_LoRA_2.png": (
        "sd_15_analogMadness_v60.safetensors",
        369297413384329,
        24,
        "stunningly iconic",
    ),
    "ltdrdata__combination-2pass-result.png": ("V07_v07.safetensors", 762773680021613, 30, "(black pantyhose:1.28)"),
    "ltdrdata__advanced-simple-original.png": ("V07_v07.safetensors", 805157917915455, 20, "1girl, photorealistic"),
    "ltdrdata__sam-result.png": ("SD1.5/V07_v07.safetensors", 515479254239755, 20, "1girl, (silver:1.4)"),
    "wyrde__preview-example_00015_.png": ("animatrix_v20.safetensors", 3, 20, "beautiful scenery nature"),
    "jcgregorio__ComfyUI_sample.png": ("autismmixSDXL_autismmixConfetti.safetensors", 810844957559074, 40, "score_9,"),
    "enslo__comfyui-save-image-extended.jpeg": ("waiIllustriousSDXL_v160.safetensors", 813617545434765, 20, "general,"),
    "pwillia7__outpainting.png": (
        "juggerxlInpaint_juggerInpaintV8.safetensors",
        669606270558510,
        20,
        "Marat assassinated",
    ),
    "d3x-at__fooocus1_cropped.png": ("juggernautXL_v8Rundiffusion", 6952411511246973023, 30, "a smiling goldfish"),
    "d3x-at__invokeai_imeta1.png": ("juggernautXL", 3293022630, 35, "digital artwork, oil painting."),
    "d3x-at__novelai1_cropped.png": ("Stable Diffusion", 2253955223, 50, "masterpiece, best quality,  cat"),
}


@pytest.mark.parametrize("name", sorted(HAND_CHECKED))
def test_a_file_of_the_corpus_gives_the_values_checked_by_hand(name: str) -> None:
    report = file_report(name, (Path(str(CORPUS)) / "diffusion" / name).read_bytes())
    model, seed, steps, start_of_prompt = HAND_CHECKED[name]
    assert (report["model"], report["seed"], report["steps"], report["missing"]) == (model, seed, steps, [])
    assert str(report["prompt"]).startswith(start_of_prompt)


def test_original_and_upscale_of_one_generator_share_the_recipe() -> None:
    folder = Path(str(CORPUS)) / "diffusion"
    names = ("enslo__civitai.jpeg", "enslo__civitai-upscale.jpg")
    hashes = [file_report(name, (folder / name).read_bytes())["metadata_hash"] for name in names]
    assert hashes[0] == hashes[1] is not None
