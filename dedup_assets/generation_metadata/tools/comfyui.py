"""ComfyUI: the API graph (`prompt`) in PNG text, EXIF or a comment; without it, the UI workflow.

Belongs here: finding the graph among the carriers. Does not: walking it (`comfy_recipe`).
"""

from collections.abc import Mapping

from dedup_assets.generation_metadata.json_carriers import EXIF_CARRIERS, find_object
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.tools import automatic1111
from dedup_assets.generation_metadata.tools.comfy_graph import Graph, load_graph
from dedup_assets.generation_metadata.tools.comfy_recipe import agreed, read_recipes
from dedup_assets.generation_metadata.tools.comfy_workflow import load_workflow
from dedup_assets.generation_metadata.values import child, load_object

NAME = "ComfyUI"
GRAPH_CARRIERS = ("prompt", *EXIF_CARRIERS, "Comment")
WORKFLOW_CARRIERS = ("workflow", *EXIF_CARRIERS, "Comment")


def detect(carriers: Mapping[str, str]) -> bool:
    """Tell whether a carrier holds an API graph or a workflow."""
    return _graph_text(carriers) is not None or _workflow_text(carriers) is not None


def parse(carriers: Mapping[str, str]) -> GenerationParameters:
    """Read the graph behind the save nodes; an infotext beside it fills what the graph leaves open.

    Where save nodes have different recipes and no text says which is this file's, the fields that differ are unknown.
    """
    recipes = read_recipes(_graph(carriers))
    infotext = automatic1111.parse(carriers) if automatic1111.detect(carriers) else GenerationParameters()
    mine = [recipe for recipe in recipes if infotext.seed is not None and recipe.seed == infotext.seed]
    candidates = mine or recipes
    return (agreed(candidates) if candidates else GenerationParameters()).filled_from(infotext)


def find_graph_object(carriers: Mapping[str, str]) -> dict[str, object] | None:
    """Return the parsed API graph, with whatever else stands beside its nodes; None where there is none."""
    text = _graph_text(carriers)
    values = load_object(text) if text is not None else None
    return values and (child(values, "prompt") or values)


def _graph(carriers: Mapping[str, str]) -> Graph:
    values = find_graph_object(carriers)
    if values is not None:
        return load_graph(values)
    return load_workflow(load_object(_workflow_text(carriers) or ""))


def _graph_text(carriers: Mapping[str, str]) -> str | None:
    return find_object(carriers, GRAPH_CARRIERS, ['"class_type"'])


def _workflow_text(carriers: Mapping[str, str]) -> str | None:
    return find_object(carriers, WORKFLOW_CARRIERS, ['"nodes"'])
