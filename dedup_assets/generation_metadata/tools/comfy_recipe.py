"""From a ComfyUI graph to parameters: which sampler made the picture, and what it was given.

The recipe is that of the first sampler on the way from the save node back to the empty latent (or the loaded image):
later samplers, detailers and upscalers work over its picture. So an ORIG and a FINAL saved by one graph, and a FINAL
made by a longer graph, have one recipe.

Belongs here: the walk from save node to sampler. Does not: reading a sampler's inputs (`comfy_sampler`).
"""

import re
from dataclasses import fields

from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.tools.comfy_graph import Graph
from dedup_assets.generation_metadata.tools.comfy_nodes import Node
from dedup_assets.generation_metadata.tools.comfy_sampler import adds_noise, read_sampler
from dedup_assets.generation_metadata.tools.comfy_texts import SEED_NAMES, typed_value
from dedup_assets.generation_metadata.values import to_count, to_name, to_size

SAVE_CLASS = re.compile(
    r"save.{0,40}?(?:image|img|webp|jpe?g|png|exif|meta|prompt)|(?:image|prompt) ?save|videocombine", re.I
)
NOT_PICTURE = re.compile(
    "model|clip|vae|positive|negative|conditioning|control|mask|segs|seed|sigmas|guider|noise|text|prompt|lora|width"
    "|height|filename|detector|string|step|cfg|denoise|reference|style|scheduler|sampler|size|factor|scale_by|count|index"
)
MAX_SAVE_NODES = 256
NO_SIZE = (None, None)


def read_recipes(graph: Graph) -> list[GenerationParameters]:
    """Return the recipe behind every save node (else every preview), distinct, in file order; may be empty."""
    recipes = [_read_branch(graph, node) for node in _output_nodes(graph)]
    made = [recipe for recipe in recipes if recipe.seed is not None or recipe.steps is not None]
    return list(dict.fromkeys(made or recipes))


def agreed(recipes: list[GenerationParameters]) -> GenerationParameters:
    """Return what all recipes (at least one) say alike; a field on which they differ is not known."""
    told = {field.name: {getattr(recipe, field.name) for recipe in recipes} for field in fields(GenerationParameters)}
    return GenerationParameters(**{name: values.pop() for name, values in told.items() if len(values) == 1})


def _output_nodes(graph: Graph) -> list[Node]:
    """Return the nodes that save generated pictures, else those that show them, else samplers that nothing reads."""
    saving = [node for node in graph.nodes.values() if SAVE_CLASS.search(node.class_type)][:MAX_SAVE_NODES]
    showing = [node for node in graph.nodes.values() if "preview" in node.class_type.lower()][:MAX_SAVE_NODES]
    for outputs in (saving, showing):
        if any(_samplers_behind(graph, node) for node in outputs):
            return outputs
    sources = {source.node_id for node in graph.nodes.values() for _, source in graph.links(node)}
    ends = [node for node in graph.nodes.values() if _is_sampler(node) and node.node_id not in sources]
    return ends[:MAX_SAVE_NODES] or saving


def _is_sampler(node: Node) -> bool:
    """Tell whether a node draws: it has a seed and a schedule, and is fed by others, and does not merely save."""
    inputs = node.inputs
    has_seed = any(name in inputs for name in SEED_NAMES)
    has_schedule = any(name in inputs for name in ("steps", "sampler_name", "sigmas"))
    is_fed = any(isinstance(value, list) for value in inputs.values()) and not SAVE_CLASS.search(node.class_type)
    return is_fed and ((has_seed and has_schedule) or ("guider" in inputs and "sigmas" in inputs))


def _follows_picture(name: str) -> bool:
    return name == "latent_image" or not NOT_PICTURE.search(name)


def _samplers_behind(graph: Graph, output: Node) -> list[Node]:
    """Return the samplers on the first branch behind an output (itself included), the first to run last."""
    chain = [output] if _is_sampler(output) else []
    node, passed = output, {output.node_id}
    while True:
        above = (found for found in graph.upstream(node, _follows_picture) if _is_sampler(found))
        sampler = next((found for found in above if found.node_id not in passed), None)
        if sampler is None:
            return [*chain[:-1], _first_stage(graph, chain[-1])] if chain else chain
        chain.append(sampler)
        passed.add(sampler.node_id)
        node = sampler


def _first_stage(graph: Graph, sampler: Node) -> Node:
    """Return the sampler of Stable Cascade's first stage, whose picture the second takes as a conditioning."""
    conditioning = graph.source(sampler.inputs.get("positive"))
    first = graph.source(conditioning.inputs.get("stage_c")) if conditioning else None
    return first if first and _is_sampler(first) else sampler


def _read_branch(graph: Graph, output: Node) -> GenerationParameters:
    samplers = _samplers_behind(graph, output)
    passes = sum(adds_noise(sampler) for sampler in samplers[:-1]) + bool(samplers)
    origin = _origin(graph, samplers[-1] if samplers else output, passes)
    return read_sampler(graph, samplers[-1]).filled_from(origin) if samplers else origin


def _origin(graph: Graph, start: Node, passes: int) -> GenerationParameters:
    """Return what the picture was made from: a loaded image or an empty latent, and in how many passes."""
    nodes = list(graph.upstream(start, _follows_picture))
    loaders = (node for node in nodes if "load" in node.class_type.lower())
    source_image = next((name for node in loaders if (name := typed_value(graph, node, "image", to_name))), None)
    width, height = next((size for node in nodes if (size := _latent_size(graph, node)) != NO_SIZE), NO_SIZE)
    stage = "upscale" if passes == 0 else ("text" if source_image is None else "image")
    return GenerationParameters(
        source_image=source_image,
        width=width,
        height=height,
        first_pass_width=width if passes > 1 else None,
        first_pass_height=height if passes > 1 else None,
        stage="hires" if passes > 1 else stage,
    )


def _latent_size(graph: Graph, node: Node) -> tuple[int | None, int | None]:
    """Return (width, height) of an empty latent, whose node may be a loader or the sampler itself."""
    if "dimensions" in node.inputs:
        return to_size(node.inputs["dimensions"])
    prefix = "empty_latent_" if "empty_latent_width" in node.inputs else ""
    if not prefix and "Latent" not in node.class_type and not _is_sampler(node):
        return NO_SIZE
    return typed_value(graph, node, f"{prefix}width", to_count), typed_value(graph, node, f"{prefix}height", to_count)
