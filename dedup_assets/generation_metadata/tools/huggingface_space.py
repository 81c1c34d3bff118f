"""Hugging Face Spaces built on diffusers (Animagine and its kin): an object under `parameters` or in the UserComment.

Belongs here: this object. Does not: the objects of Fooocus and Easy Diffusion, which share some of its keys.
"""

from dedup_assets.generation_metadata.objects import EXIF_CARRIERS, Carriers, ToolObject
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.values import to_size

NAME = "Hugging Face Space"
OWN = ToolObject(("parameters", *EXIF_CARRIERS, "Comment"), ('"num_inference_steps"',))
KEYS = (
    "prompt, negative_prompt, model=Model, model_hash=Model hash, seed, steps=num_inference_steps, sampler, "
    "guidance=guidance_scale"
)


def detect(carriers: Carriers) -> bool:
    """Tell whether a carrier holds the object, known by its steps, size and model together."""
    text = OWN.find(carriers) or ""
    return '"resolution"' in text and '"Model"' in text


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the object; `resolution` is the size before `use_upscaler`."""
    values = OWN.load(carriers)
    width, height = to_size(values.get("resolution"))
    first_pass = {"first_pass_width": width, "first_pass_height": height, "stage": "hires"}
    is_upscaled = isinstance(values.get("use_upscaler"), dict)
    return values.parameters(KEYS, width=width, height=height, **first_pass if is_upscaled else {"stage": "text"})
