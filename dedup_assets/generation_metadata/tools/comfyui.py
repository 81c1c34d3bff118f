"""ComfyUI: the API graph (`prompt`) in PNG text, EXIF or a comment; without it, the UI workflow.

Belongs here: finding the graph among the carriers. Does not: walking it (`comfy_recipe`).
"""

from dedup_assets.generation_metadata.objects import EXIF_CARRIERS, Carriers, ToolObject, Values
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.tools import automatic1111
from dedup_assets.generation_metadata.tools.comfy_graph import Graph, load_graph
from dedup_assets.generation_metadata.tools.comfy_recipe import agreed, read_recipes
from dedup_assets.generation_metadata.tools.comfy_workflow import load_workflow

NAME = "ComfyUI"
GRAPH = ToolObject(("prompt", *EXIF_CARRIERS, "Comment"), ('"class_type"',))
WORKFLOW = ToolObject(("workflow", *EXIF_CARRIERS, "Comment"), ('"nodes"',))


def detect(carriers: Carriers) -> bool:
    """Tell whether a carrier holds an API graph or a workflow."""
    return GRAPH.is_in(carriers) or WORKFLOW.is_in(carriers)


def parse(carriers: Carriers) -> GenerationParameters:
    """Read the graph behind the save nodes; an infotext beside it fills what the graph leaves open.

    Where save nodes have different recipes and no text says which is this file's, the fields that differ are unknown.
    """
    recipes = read_recipes(_graph(carriers))
    infotext = automatic1111.parse(carriers) if automatic1111.detect(carriers) else GenerationParameters()
    mine = [recipe for recipe in recipes if infotext.seed is not None and recipe.seed == infotext.seed]
    candidates = mine or recipes
    return (agreed(candidates) if candidates else GenerationParameters()).filled_from(infotext)


def parse_beside(carriers: Carriers) -> GenerationParameters:
    """Read the graph that another tool wrote beside its own text, if it did."""
    return parse(carriers) if detect(carriers) else GenerationParameters()


def _graph(carriers: Carriers) -> Graph:
    values = GRAPH.load(carriers) if GRAPH.is_in(carriers) else Values()
    return load_graph(values.child("prompt") or values) if values else load_workflow(WORKFLOW.load(carriers))
