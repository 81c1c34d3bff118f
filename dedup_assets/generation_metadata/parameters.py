"""What is known of one generation, whatever tool made it: the one vocabulary that all parsers fill.

Belongs here: the typed parameters and filling one from another. Does not: parsing (`tools/`) or identity (`recipe`).
"""

from dataclasses import dataclass, fields, replace


class MetadataError(ValueError):
    """A metadata text that its own tool's parser cannot read; the message is a sentence for people."""


@dataclass(frozen=True)
class Lora:
    """One LoRA (or LyCORIS) as the tool named it; `weight` is the model weight, None where not told."""

    name: str
    weight: float | None = None


@dataclass(frozen=True)
class GenerationParameters:
    """Parameters of one generation; None means not known, which differs from empty and from 0.

    `seed` and `subseed` are in 0 … 2**64 - 1; `subseed_strength` and `denoise` in 0 … 1; `guidance` is the CFG scale,
    `distilled_guidance` the guidance that Flux-like models take as an input. `clip_skip` counts from 1, the last layer.
    `model_id` is a registry's identity (`civitai@2514310`). `width` × `height` is the size as told, which may be that
    of the first pass; `first_pass_width` × `first_pass_height` the size before a second pass. `stage` is one of `text`,
    `image`, `hires`, `upscale`, `grid`: made from text alone, from an image, with a second pass, by an upscaler alone,
    or a contact sheet of several.
    """

    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    model_hash: str | None = None
    model_id: str | None = None
    seed: int | None = None
    subseed: int | None = None
    subseed_strength: float | None = None
    steps: int | None = None
    sampler: str | None = None
    scheduler: str | None = None
    guidance: float | None = None
    distilled_guidance: float | None = None
    clip_skip: int | None = None
    loras: tuple[Lora, ...] = ()
    source_image: str | None = None
    denoise: float | None = None
    width: int | None = None
    height: int | None = None
    first_pass_width: int | None = None
    first_pass_height: int | None = None
    stage: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of prompt, model, seed and steps that are not known, in this order."""
        models = {self.model, self.model_hash, self.model_id} - {None}
        known = {"prompt": self.prompt, "model": models or None, "seed": self.seed, "steps": self.steps}
        return tuple(name for name, value in known.items() if value is None)

    def filled_from(self, other: "GenerationParameters") -> "GenerationParameters":
        """Return these parameters, with what is unknown (None or no LoRAs) taken from the other."""
        unknown = [field.name for field in fields(self) if getattr(self, field.name) in (None, ())]
        return replace(self, **{name: getattr(other, name) for name in unknown})
