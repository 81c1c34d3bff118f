"""Easy Diffusion (cmdr2): one PNG text a setting, or all of them as one object in the EXIF UserComment.

Belongs here: its keys, in the raw and in the labelled spelling. Does not: other tools that write a plain `prompt` text.
"""

from itertools import zip_longest

from dedup_assets.generation_metadata.objects import EXIF_CARRIERS, Carriers, ToolObject, Values, named_loras
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.values import to_float, to_name

NAME = "Easy Diffusion"
SIGNS = ("use_stable_diffusion_model", "num_inference_steps", "Stable Diffusion model")
OWN = ToolObject(EXIF_CARRIERS, tuple(f'"{sign}"' for sign in SIGNS))
KEYS = (
    "prompt=prompt|Prompt, negative_prompt=negative_prompt|Negative Prompt, seed=seed|Seed, "
    "model=use_stable_diffusion_model|Stable Diffusion model, steps=num_inference_steps|Steps, "
    "sampler=sampler_name|Sampler, scheduler=scheduler_name|Scheduler, guidance=guidance_scale|Guidance Scale, "
    "distilled_guidance=distilled_guidance_scale, width=width|Width, height=height|Height"
)


def detect(carriers: Carriers) -> bool:
    """Tell whether one of the keys that no other tool writes is there."""
    return any(sign in carriers for sign in SIGNS) or OWN.is_in(carriers)


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the settings; `prompt_strength` counts only with an image to start from, `clip_skip` is only on or off."""
    values = OWN.load(carriers) if OWN.is_in(carriers) else Values(carriers)
    strength = to_float(values.first("prompt_strength", "Prompt Strength"))
    skips = str(values.first("clip_skip", "Clip Skip"))
    names, weights = values.first("use_lora_model", "LoRA model"), values.first("lora_alpha", "LoRA Strength")
    pairs = zip_longest(*(value if isinstance(value, list) else [value] for value in (names, weights)))
    return values.parameters(
        KEYS,
        clip_skip={"True": 2, "true": 2, "False": 1, "false": 1}.get(skips),
        loras=named_loras((name, weight) for name, weight in pairs if to_name(name) not in (None, "None")),
        denoise=strength,
        stage="text" if strength is None else "image",
    )
