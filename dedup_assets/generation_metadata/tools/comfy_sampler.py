"""What one ComfyUI sampler was given: seed, schedule, model, LoRAs and prompts, through pipes, guiders and primitives.

Belongs here: the inputs' names in ComfyUI and its common extensions. Does not: which sampler is asked (`comfy_recipe`).
"""

import re
from collections.abc import Iterator

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.tools.comfy_graph import Graph
from dedup_assets.generation_metadata.tools.comfy_nodes import Node
from dedup_assets.generation_metadata.tools.comfy_texts import (
    SEED_NAMES,
    Convert,
    Value,
    conditioning_text,
    typed_value,
)
from dedup_assets.generation_metadata.values import to_count, to_float, to_int, to_name, to_seed

CHECKPOINT_NAMES = ("ckpt_name", "unet_name", "base_ckpt_name")
MODEL_NAMES = (*CHECKPOINT_NAMES, "model_name", "gguf_name", "model_path", "checkpoint", "model")
MODEL_LINKS = re.compile(r"(?:opt_)?model(?:\d|_opt|_a|_b)?|unet|guider|.*pipe.*|.*lora_stack|context|sdxl_tuple")
CLIP_LINKS = re.compile(r"clip\d?|positive|conditioning.*|guider|.*pipe.*|context|sdxl_tuple")
PICTURE_LINKS = re.compile(r"latent_?\w*|samples\w*|pixels|images?")
LORA_INPUT = re.compile(r"lora(?:_name)?(?:_(\d{1,2}))?")
LORA_WEIGHTS = (
    "strength_model",
    "strength",
    "lora_model_strength",
    "lora_wt",
    "lora_weight",
    "model_weight",
    "model_str",
)


def read_sampler(graph: Graph, sampler: Node) -> GenerationParameters:
    """Return what a sampler node was given; what the graph does not say, or computes at run time, is not known."""
    return GenerationParameters(
        prompt=conditioning_text(graph, sampler, positive=True),
        negative_prompt=conditioning_text(graph, sampler, positive=False),
        model=_model(graph, sampler),
        seed=_seed(graph, sampler),
        steps=_setting(graph, sampler, ("steps",), "sigmas", to_count),
        sampler=_setting(graph, sampler, ("sampler_name",), "sampler", to_name)
        or _class_behind(graph, sampler, "sampler"),
        scheduler=_setting(graph, sampler, ("scheduler",), "sigmas", to_name)
        or _class_behind(graph, sampler, "sigmas"),
        guidance=_setting(graph, sampler, ("cfg",), "guider", to_float),
        distilled_guidance=_first_along(graph, sampler, CLIP_LINKS, ("guidance",), to_float),
        clip_skip=_clip_skip(graph, sampler),
        loras=tuple(dict.fromkeys(_loras(graph, sampler))),
        denoise=_setting(graph, sampler, ("denoise",), "sigmas", to_float),
    )


def adds_noise(sampler: Node) -> bool:
    """Tell whether a sampler starts from its own seed; one that does not only continues another's picture."""
    return sampler.inputs.get("add_noise", "enable") not in ("disable", False)


def _seed(graph: Graph, sampler: Node) -> int | None:
    """Return the seed of the noise: the sampler's own, or that of the latent's node where the sampler adds none."""
    if adds_noise(sampler):
        return _setting(graph, sampler, SEED_NAMES, "noise", to_seed)
    behind = (node for node in graph.upstream(sampler, PICTURE_LINKS.fullmatch) if node is not sampler)
    return next((seed for node in behind if (seed := _typed(graph, node, SEED_NAMES, to_seed)) is not None), None)


def _setting(
    graph: Graph, sampler: Node, names: tuple[str, ...], through: str, convert: Convert[Value]
) -> Value | None:
    """Return the first known of the named inputs, of the sampler or of the nodes behind one kind of link or a pipe."""
    return _first_along(graph, sampler, re.compile(rf"{through}|.*pipe.*|context"), names, convert)


def _first_along(
    graph: Graph, start: Node, links: re.Pattern[str], names: tuple[str, ...], convert: Convert[Value]
) -> Value | None:
    nodes = graph.upstream(start, links.fullmatch)
    return next((value for node in nodes if (value := _typed(graph, node, names, convert)) is not None), None)


def _typed(graph: Graph, node: Node, names: tuple[str, ...], convert: Convert[Value]) -> Value | None:
    values = (typed_value(graph, node, name, convert) for name in names if name in node.inputs)
    return next((value for value in values if value is not None), None)


def _class_behind(graph: Graph, sampler: Node, name: str) -> str | None:
    """Return `EulerAncestral` for a `SamplerEulerAncestral` node behind a link, `Karras` for a `KarrasScheduler`."""
    source = graph.source(sampler.inputs.get(name))
    return re.sub(r"^K?Sampler|Scheduler$", "", source.class_type) or None if source else None


def _model(graph: Graph, sampler: Node) -> str | None:
    """Return the name that the model's loader was given; `a + b` for a merge of several.

    Where the way to the loader is broken, the only checkpoint that the whole graph names is the model.
    """
    names: list[str] = []
    merged = False
    for node in graph.upstream(sampler, MODEL_LINKS.fullmatch):
        merged = merged or "merge" in node.class_type.lower()
        if any("model" in name and MODEL_LINKS.fullmatch(name) for name, _ in graph.links(node)):
            continue
        name = _typed(graph, node, MODEL_NAMES, to_name)
        names.extend([name] if name else [])
    return " + ".join(dict.fromkeys(names if merged else names[:1])) or _only_checkpoint(graph)


def _only_checkpoint(graph: Graph) -> str | None:
    literals = (to_name(node.inputs.get(name)) for node in graph.nodes.values() for name in CHECKPOINT_NAMES)
    names = {name for name in literals if name}
    return names.pop() if len(names) == 1 else None


def _clip_skip(graph: Graph, sampler: Node) -> int | None:
    layer = _first_along(graph, sampler, CLIP_LINKS, ("stop_at_clip_layer", "clip_skip"), to_int)
    return to_count(abs(layer)) if layer is not None else None


def _loras(graph: Graph, sampler: Node) -> Iterator[Lora]:
    """Yield the LoRAs on the model's way, the nearest to the sampler first."""
    for node in graph.upstream(sampler, MODEL_LINKS.fullmatch):
        for key, value in node.inputs.items():
            match = LORA_INPUT.fullmatch(key)
            if match and isinstance(value, dict):
                yield from _lora_entry(value)
            elif match and (name := typed_value(graph, node, key, to_name)) not in (None, "None"):
                number = f"_{match[1]}" if match[1] else ""
                if node.inputs.get(f"switch{number}") not in ("Off", False):
                    yield Lora(str(name), _typed(graph, node, tuple(w + number for w in LORA_WEIGHTS), to_float))


def _lora_entry(entry: dict[str, object]) -> Iterator[Lora]:
    """Yield the LoRA of one row of a loader that keeps `{"on": true, "lora": name, "strength": 1.0}`."""
    name = to_name(entry.get("lora"))
    if entry.get("on", True) and name not in (None, "None"):
        yield Lora(str(name), to_float(entry.get("strength")))
