"""Nodes of ComfyUI's API graph, their links, and the nodes that only pass on one of their inputs.

Every link past such a node leads to what it chooses. Belongs here: the shape of nodes and links, and which input is chosen,
as far as the graph tells. Does not: walks over them (`comfy_graph`), or what a class means.
"""

from collections.abc import Mapping
from dataclasses import dataclass

BOOLEAN_SWITCHES = {
    "ComfySwitchNode": ("switch", "on_true", "on_false"),
    "easy ifElse": ("boolean", "on_true", "on_false"),
    "ImpactConditionalBranch": ("cond", "tt_value", "ff_value"),
    "Switch any [Crystools]": ("boolean", "on_true", "on_false"),
}
"""Class to the names of its condition, and of the inputs chosen when that is true and when it is false."""

NUMBERED_SWITCHES = {
    "ImpactSwitch": ("select", "input"),
    "CR Text Input Switch": ("Input", "text"),
    "CR Model Input Switch": ("Input", "model"),
    "CR Latent Input Switch": ("Input", "latent"),
}
"""Class to the name of its number, counted from 1, and to what stands before the number in the inputs' names."""

PASSES = {"PreviewAny": "source", "Reroute": "value"}
RUNTIME_TEXTS = frozenset({"TextGenerate"})
"""Classes whose text is made by a language model while the graph runs; it stands nowhere in the graph."""

MAX_PASSES = 16
"""Such nodes followed one behind the other."""


@dataclass(frozen=True)
class Node:
    """One node: its class, and its inputs as literals or links `[node id, output slot]`."""

    node_id: str
    class_type: str
    inputs: dict[str, object]


def linked_node(nodes: Mapping[str, Node], value: object) -> Node | None:
    """Return the node that an input value links to; None for a literal and for a link to nowhere."""
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], (str, int)):
        return None
    return nodes.get(str(value[0]))


def without_switches(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Return the nodes with every input that comes through a switch replaced by what the switch passes on."""
    return {
        node_id: Node(node_id, node.class_type, {name: _passed(nodes, value) for name, value in node.inputs.items()})
        for node_id, node in nodes.items()
    }


def _passed(nodes: Mapping[str, Node], value: object) -> object:
    for _ in range(MAX_PASSES):
        node = linked_node(nodes, value)
        chosen = _chosen_input(nodes, node) if node else None
        if chosen is None:
            return value
        value = chosen
    return value


def _chosen_input(nodes: Mapping[str, Node], node: Node) -> object:
    """Return the input value that a node passes on; None for a node that is no switch, or whose choice is unknown."""
    if node.class_type in PASSES:
        return node.inputs.get(PASSES[node.class_type])
    if node.class_type in NUMBERED_SWITCHES:
        number, prefix = NUMBERED_SWITCHES[node.class_type]
        return node.inputs.get(f"{prefix}{_typed(nodes, node.inputs.get(number))}")
    if node.class_type == "Any Switch (rgthree)":
        return next((value for _, value in sorted(node.inputs.items()) if linked_node(nodes, value)), None)
    if node.class_type in BOOLEAN_SWITCHES:
        return _branch(nodes, node)
    return None


def _branch(nodes: Mapping[str, Node], node: Node) -> object:
    """Return the branch that the condition chooses; the other one where that holds nothing the graph could tell."""
    condition, on_true, on_false = (node.inputs.get(name) for name in BOOLEAN_SWITCHES[node.class_type])
    branches = (on_false, on_true) if _typed(nodes, condition) is False else (on_true, on_false)
    return next((branch for branch in branches if branch is not None and not _is_runtime(nodes, branch)), None)


def _typed(nodes: Mapping[str, Node], value: object) -> object:
    source = linked_node(nodes, value)
    return source.inputs.get("value") if source else value


def _is_runtime(nodes: Mapping[str, Node], value: object) -> bool:
    source = linked_node(nodes, value)
    return source is not None and source.class_type in RUNTIME_TEXTS
