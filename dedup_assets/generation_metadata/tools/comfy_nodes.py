"""One node of ComfyUI's API graph, and the node that an input value links to.

Belongs here: the shape of nodes and links. Does not: walks over them (`comfy_graph`), or what a class means.
"""

from collections.abc import Mapping
from dataclasses import dataclass


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
