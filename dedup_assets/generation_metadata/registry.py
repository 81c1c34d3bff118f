"""All tools in the order in which they are asked, and the one entry from carriers to parameters.

Belongs here: the order, and turning any failure into a cause. Does not: knowledge of any tool's format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

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

    def detect(self, carriers: Mapping[str, str]) -> bool:
        """Tell, in time linear in the text and without parsing it, whether the tool wrote it; never raises."""
        ...

    def parse(self, carriers: Mapping[str, str]) -> GenerationParameters:
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
    """One file's generation metadata: who wrote it, what it says, and which of the four main fields it lacks.

    `error` is a sentence where the text could not be read; `parameters` is then empty.
    """

    tool: str
    parser_version: int
    parameters: GenerationParameters
    missing: tuple[str, ...]
    error: str | None = None


def parse_generation(carriers: Mapping[str, str]) -> ParsedGeneration | None:
    """Return the parsed generation metadata of one file's carriers, or None where no tool knows them; never raises."""
    tool = next((tool for tool in TOOLS if tool.detect(carriers)), None)
    if tool is None:
        return None
    try:
        parameters = tool.parse(carriers)
    except MetadataError as cause:
        return _failed(tool.NAME, f"{tool.NAME}: {cause}")
    except Exception as cause:  # noqa: BLE001 - one image's hostile text becomes its row's error, never the run's
        return _failed(tool.NAME, f"{tool.NAME}: {type(cause).__name__} while reading the metadata")
    return ParsedGeneration(tool.NAME, PARSER_VERSION, parameters, parameters.missing)


def _failed(tool_name: str, error: str) -> ParsedGeneration:
    nothing = GenerationParameters()
    return ParsedGeneration(tool_name, PARSER_VERSION, nothing, nothing.missing, error)
