"""ComfyUI's UI workflow as an API graph: what an exported or re-saved picture holds when the API prompt is gone.

A workflow lists a node's widget values without their names; the order is that of the node's class. Classes that are
not known here keep their links, and their values are not known.

Belongs here: the translation. Does not: meaning (`comfy_recipe`).
"""

from collections.abc import Iterator, Mapping, Sequence

from dedup_assets.generation_metadata.parameters import MetadataError
from dedup_assets.generation_metadata.tools.comfy_graph import MAX_NODES, Graph, load_graph

SAMPLER_WIDGETS = ("seed", "control_after_generate", "steps", "cfg", "sampler_name", "scheduler", "denoise")
WIDGETS = {
    "KSampler": SAMPLER_WIDGETS,
    "KSampler //Inspire": SAMPLER_WIDGETS,
    "KSamplerAdvanced": (
        "add_noise", "noise_seed", "control_after_generate", "steps", "cfg", "sampler_name", "scheduler",
    ),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "CheckpointLoader": ("config_name", "ckpt_name"),
    "UNETLoader": ("unet_name",),
    "UnetLoaderGGUF": ("unet_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeSDXL": (
        "width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l",
    ),
    "CLIPTextEncodeSDXLRefiner": ("ascore", "width", "height", "text"),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "FluxGuidance": ("guidance",),
    "CFGGuider": ("cfg",),
    "RandomNoise": ("noise_seed",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "KSamplerSelect": ("sampler_name",),
    "SamplerCustom": ("add_noise", "noise_seed", "control_after_generate", "cfg"),
    "EmptyLatentImage": ("width", "height"),
    "EmptySD3LatentImage": ("width", "height"),
    "LoadImage": ("image",),
    "SDParameterGenerator": (
        "ckpt_name", "vae_name", "model_version", "config_name", "seed", "steps", "refiner_start", "cfg",
        "sampler_name", "scheduler",
    ),
    "KSampler (WAS)": ("steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "Seed": ("seed",),
    "PrimitiveNode": ("value",),
    "PrimitiveInt": ("value",),
    "PrimitiveFloat": ("value",),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
    "Text Multiline": ("text",),
}  # fmt: skip
"""Widget names in the order of `widgets_values`, for ComfyUI's own nodes and the commonest others."""

SEED_CONTROLS = ("randomize", "fixed", "increment", "decrement")
SETTERS, GETTERS = ("SetNode", "easy setNode"), ("GetNode", "easy getNode")
MUTED, BYPASSED = 2, 4
MAX_REROUTES = 16
"""Reroutes followed one behind the other."""

Node = Mapping[str, object]


def load_workflow(values: dict[str, object]) -> Graph:
    """Return a workflow's active nodes as a graph; raises `MetadataError` where it has no list of nodes."""
    rows, links = values.get("nodes"), values.get("links")
    if not isinstance(rows, list) or len(rows) > MAX_NODES:
        raise MetadataError(f"the workflow has no list of at most {MAX_NODES} nodes")
    nodes = [row for row in rows if isinstance(row, dict) and row.get("mode") != MUTED]
    sources = _past_reroutes(nodes, _link_sources(links if isinstance(links, list) else []))
    return load_graph(
        {
            str(node.get("id")): {"class_type": node.get("type"), "inputs": _inputs(node, sources)}
            for node in nodes
            if not _is_reroute(node)
        }
    )


def _link_sources(links: list[object]) -> dict[int, list[object]]:
    """Return `[source node id, output slot]` by link id, from rows `[id, source, slot, target, …]` or objects."""
    sources: dict[int, list[object]] = {}
    for link in links[: 10 * MAX_NODES]:
        if isinstance(link, list) and len(link) >= 3 and isinstance(link[0], int):
            sources[link[0]] = [str(link[1]), link[2]]
        elif isinstance(link, dict) and isinstance(link.get("id"), int):
            sources[link["id"]] = [str(link.get("origin_id")), link.get("origin_slot")]
    return sources


def _past_reroutes(nodes: Sequence[Node], sources: dict[int, list[object]]) -> dict[int, list[object]]:
    """Return the link sources with every reroute replaced by what it was fed."""
    fed_by = {str(node.get("id")): link for node in nodes if _is_reroute(node) for _, link in _linked_slots(node)}
    fed_by.update(_fed_by_name(nodes))
    direct = {}
    for link, source in sources.items():
        for _ in range(MAX_REROUTES):
            source = sources.get(fed_by.get(str(source[0]), -1), source)
        direct[link] = source
    return direct


def _fed_by_name(nodes: Sequence[Node]) -> dict[str, int]:
    """Return, by the id of every `GetNode`, the link that feeds the `SetNode` of the same name."""
    named = {
        str(node.get("widgets_values")): link
        for node in nodes
        if node.get("type") in SETTERS
        for _, link in _linked_slots(node)
    }
    getters = ((str(node.get("id")), str(node.get("widgets_values"))) for node in nodes if node.get("type") in GETTERS)
    return {node_id: named[name] for node_id, name in getters if name in named}


def _is_reroute(node: Node) -> bool:
    kind = str(node.get("type"))
    return "reroute" in kind.lower() or kind in SETTERS or kind in GETTERS


def _linked_slots(node: Node) -> Iterator[tuple[str, int]]:
    """Yield (input name, link id) of a node's linked inputs."""
    slots = node.get("inputs")
    for slot in slots if isinstance(slots, list) else []:
        if isinstance(slot, dict) and isinstance(slot.get("link"), int):
            yield str(slot.get("name")), slot["link"]


def _inputs(node: Node, sources: Mapping[int, list[object]]) -> dict[str, object]:
    """Return a node's values by name, its links over them; a bypassed node passes its links on and has no values."""
    values = {} if node.get("mode") == BYPASSED else _widget_values(node)
    return {**values, **{name: sources[link] for name, link in _linked_slots(node) if link in sources}}


def _widget_values(node: Node) -> dict[str, object]:
    widgets, class_type = node.get("widgets_values"), str(node.get("type"))
    if isinstance(widgets, dict):
        return {str(name): value for name, value in widgets.items()}
    if not isinstance(widgets, list):
        return {}
    if class_type not in WIDGETS and "KSampler" in class_type:
        return _sampler_values(widgets[:64])
    return dict(zip(WIDGETS.get(class_type, ()), widgets, strict=False))


def _sampler_values(widgets: list[object]) -> dict[str, object]:
    """Return the values of a sampler of an extension: they stand in ComfyUI's order around the seed's control."""
    control = next(
        (index for index, value in enumerate(widgets) if isinstance(value, bool) or value in SEED_CONTROLS), 0
    )
    return dict(zip(SAMPLER_WIDGETS, widgets[control - 1 :], strict=False)) if control else {}
