"""All tools in the order in which they are asked, and the one entry from carriers to parameters.

Belongs here: the order, and turning any failure into a cause. Does not: knowledge of any tool's format.
"""

from dataclasses import dataclass, field
from typing import Protocol

from dedup_assets.generation_metadata.objects import Carriers
from dedup_assets.generation_metadata.parameters import GenerationParameters, MetadataError
from dedup_assets.generation_metadata.tools import (
    automatic1111,
    civitai,
    comfyui,
    draw_things,
    easy_diffusion,
    fooocus,
    huggingface_space,
    invokeai,
    midjourney,
    novelai,
    stability_matrix,
    swarmui,
    tensorart,
)

PARSER_VERSION = 2
"""Stored with every parsed row; raise it with any change to any parser, and rows are parsed again."""


class ToolParser(Protocol):
    """What a module in `tools/` offers."""

    NAME: str

    def detect(self, carriers: Carriers) -> bool:
        """Tell, in time linear in the text and without parsing it, whether the tool wrote it; never raises."""
        ...

    def parse(self, carriers: Carriers) -> GenerationParameters:
        """Return what is known; raises `MetadataError` for a text that cannot be read."""
        ...


TOOLS: tuple[ToolParser, ...] = (
    invokeai,
    novelai,
    swarmui,
    tensorart,
    stability_matrix,
    huggingface_space,
    fooocus,
    civitai,
    draw_things,
    easy_diffusion,
    comfyui,
    automatic1111,
    midjourney,
)
"""Asked in this order; the first that detects its own parses. The more particular a sign, the earlier."""


@dataclass(frozen=True)
class ParsedGeneration:
    """One file's generation metadata: who wrote it and what it says; `error` is a sentence where it could not be read."""

    tool: str
    parameters: GenerationParameters = field(default_factory=GenerationParameters)
    error: str | None = None


def parse_generation(carriers: Carriers) -> ParsedGeneration | None:
    """Return the parsed generation metadata of one file's carriers, or None where no tool knows them; never raises."""
    tool = next((tool for tool in TOOLS if tool.detect(carriers)), None)
    if tool is None:
        return None
    try:
        return ParsedGeneration(tool.NAME, tool.parse(carriers))
    except MetadataError as cause:
        words = str(cause)
    except Exception as cause:  # noqa: BLE001 - one image's hostile text becomes its row's error, never the run's
        words = f"{type(cause).__name__} while reading the metadata"
    return ParsedGeneration(tool.NAME, error=f"{tool.NAME}: {words}")
