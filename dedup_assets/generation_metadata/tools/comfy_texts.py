"""Prompt texts and single values of a ComfyUI graph, followed through links to where a person typed them.

Belongs here: text and primitive nodes of ComfyUI and its common extensions. Does not: which sampler is asked.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from dedup_assets.generation_metadata.parameters import MetadataError
from dedup_assets.generation_metadata.tools.comfy_graph import Graph
from dedup_assets.generation_metadata.tools.comfy_nodes import RUNTIME_TEXTS, Node

Value = TypeVar("Value")
Convert = Callable[[object], Value | None]
"""Reads a literal, or returns None for what it cannot read."""

MAX_TEXT_CHARS = 1_000_000
MAX_DEPTH = 64
PRIMITIVES = ("value", "Value", "int", "float", "number", "string", "text", "ckpt_name")
SEED_NAMES = ("seed", "noise_seed")
NEUTRAL_TEXTS = ("populated_text", "text", "text_g", "text_l", "clip_g", "clip_l", "t5xxl", "prompt", "caption")
STRING_TEXTS = (
    "populated_text",
    "text",
    "string",
    "value",
    "prompt",
    "prompt_text",
    "Text",
    "STRING",
    "String",
    "wildcard_text",
    "result",
)
POLAR_TEXTS = {
    True: ("positive", "text_positive", "positive_prompt", "pos_prompt"),
    False: ("negative", "text_negative", "negative_prompt", "neg_prompt"),
}
POLAR_LINKS = {True: "positive", False: "neg"}
JOINED_TEXT = re.compile(r"(?:text|string|str|prompt)_?(?:[a-h]|\d{1,2})")
DELIMITERS = ("delimiter", "separator", "delim")
NOT_CONDITIONING = re.compile(
    "model|clip|vae|image|control_net|mask|latent|pixels|width|height|strength|seed|hook|noise|sigmas|sampler"
)


def typed_value(graph: Graph, node: Node, name: str, convert: Convert[Value]) -> Value | None:
    """Return an input's literal, or what the linked chain of primitive nodes holds under the same or a usual name."""
    value = node.inputs.get(name)
    usual = (name, *(SEED_NAMES if name in SEED_NAMES else ()), *PRIMITIVES)
    for _ in range(MAX_DEPTH):
        source = graph.source(value)
        if source is None:
            return convert(value)
        value = next((source.inputs[key] for key in usual if key in source.inputs), None)
    return None


def conditioning_text(graph: Graph, start: Node, positive: bool) -> str | None:
    """Return the prompt behind a conditioning, texts of combined conditionings joined by lines; None if there is none.

    A conditioning that was zeroed out has the empty prompt.
    """
    texts: list[str] = []
    stack, seen = [start], set()
    while stack:
        node = stack.pop()
        if node.node_id in seen or node.class_type in RUNTIME_TEXTS:
            continue
        seen.add(node.node_id)
        if node.class_type == "ConditioningZeroOut":
            texts.append("")
            continue
        own = _own_texts(graph, node, positive)
        texts.extend(own)
        if not own:
            stack.extend(reversed(_conditioning_sources(graph, node, positive)))
    distinct = [text for text in dict.fromkeys(texts) if text]
    return "\n".join(distinct) if distinct else ("" if texts else None)


def _own_texts(graph: Graph, node: Node, positive: bool) -> list[str]:
    """Return the texts that a node itself encodes: those of the asked polarity, else those of none."""
    for names in (POLAR_TEXTS[positive], NEUTRAL_TEXTS):
        found = [_input_text(graph, node, name, positive, 0) for name in names if name in node.inputs]
        texts = [text for text in found if text is not None]
        if texts:
            return texts
    return []


def _conditioning_sources(graph: Graph, node: Node, positive: bool) -> list[Node]:
    """Return the sources of the asked polarity, else every source that can carry a conditioning.

    A guider with one conditioning is guided by the positive one alone.
    """
    links = list(graph.links(node))
    polar = [source for name, source in links if POLAR_LINKS[positive] in name]
    if polar or (not positive and "Guider" in node.class_type):
        return polar
    other = POLAR_LINKS[not positive]
    return [source for name, source in links if other not in name and not NOT_CONDITIONING.search(name)]


def _input_text(graph: Graph, node: Node, name: str, positive: bool, depth: int) -> str | None:
    """Return a text input's literal, or the text of the string nodes behind it; None where it is no text."""
    value = node.inputs.get(name)
    if isinstance(value, str):
        return value
    source = graph.source(value)
    if source is None or depth > MAX_DEPTH:
        return None
    if source.class_type in RUNTIME_TEXTS or "CLIPTextEncode" in source.class_type:
        return None
    text = _string_node_text(graph, source, positive, depth + 1)
    if text is not None and len(text) > MAX_TEXT_CHARS:
        raise MetadataError(f"a prompt has more than {MAX_TEXT_CHARS} characters")
    return text


def _string_node_text(graph: Graph, node: Node, positive: bool, depth: int) -> str | None:
    """Return what a string node holds, or, for nodes that join several, the joined text."""
    joined = sorted(name for name in node.inputs if JOINED_TEXT.fullmatch(name))
    if len(joined) > 1:
        parts = [_input_text(graph, node, name, positive, depth) for name in joined]
        delimiter = next((node.inputs[name] for name in DELIMITERS if isinstance(node.inputs.get(name), str)), "")
        return str(delimiter).replace("\\n", "\n").join(part for part in parts if part)
    names = (*POLAR_TEXTS[positive], *STRING_TEXTS, *joined, "")
    found = (_input_text(graph, node, name, positive, depth) for name in names if name in node.inputs)
    return next((text for text in found if text is not None), None)
