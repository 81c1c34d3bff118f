"""ComfyUI's API graph: nodes, links, and bounded walks against the direction of the data.

Belongs here: what holds for every node class. Does not: which inputs mean a prompt or a model (`comfy_recipe`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dedup_assets.generation_metadata.parameters import MetadataError
from dedup_assets.generation_metadata.tools.comfy_nodes import Node, linked_node, without_switches

MAX_NODES = 20_000
"""Nodes read of one graph; the largest honest ones have about 1,000."""

MAX_NAME_CHARS = 200
"""Characters of a class or input name; longer ones are no node's."""

MAX_VISITS = 100_000
"""Steps of all walks over one graph together; honest graphs take a few hundred."""


@dataclass
class Graph:
    """Nodes by id in file order, with a budget that ends every walk over hostile graphs."""

    nodes: dict[str, Node]
    visits_left: int = field(default=MAX_VISITS)

    def source(self, value: object) -> Node | None:
        """Return the node that an input value links to, or None for a literal; a followed link counts as a visit."""
        if not isinstance(value, list):
            return None
        self.visits_left -= 1
        if self.visits_left < 0:
            raise MetadataError(f"the graph takes more than {MAX_VISITS} steps to follow")
        return linked_node(self.nodes, value)

    def links(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Yield (input name, source node) of every linked input, in file order."""
        for name, value in node.inputs.items():
            source = self.source(value)
            if source is not None:
                yield name, source

    def upstream(self, start: Node, follows: Callable[[str], object]) -> Iterator[Node]:
        """Yield the start and what it is made from, depth first in file order, along links whose names `follows` accepts."""
        stack, seen = [start], set()
        while stack:
            node = stack.pop()
            if node.node_id in seen:
                continue
            seen.add(node.node_id)
            yield node
            stack.extend(reversed([source for name, source in self.links(node) if follows(name)]))


def load_graph(values: dict[str, object]) -> Graph:
    """Return the graph of a parsed API prompt; entries that are no nodes are left out, switches are passed by."""
    if len(values) > MAX_NODES:
        raise MetadataError(f"the graph has more than {MAX_NODES} nodes")
    nodes = {}
    for node_id, value in values.items():
        if isinstance(value, dict) and isinstance(value.get("class_type"), str):
            inputs = value.get("inputs")
            named = inputs.items() if isinstance(inputs, dict) else ()
            plain = {name: _unwrapped(item) for name, item in named if len(name) <= MAX_NAME_CHARS}
            nodes[node_id] = Node(node_id, value["class_type"][:MAX_NAME_CHARS], plain)
    return Graph(without_switches(nodes))


def _unwrapped(value: object) -> object:
    """Return what `{"__value__": …}` and `{"content": …}` hold: two ways in which nodes wrap a literal."""
    if isinstance(value, dict):
        return value.get("__value__", value.get("content", value))
    return value
