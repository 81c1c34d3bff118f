"""Why one image is kept rather than another, in words that a person reads in the report.

Here belongs one sentence a keep rule. Which rule decided is found in `ranking.py`, what it measures in `rules.py`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from dedup_assets.kernels.describe.compression import quality_of_steps
from dedup_assets.kernels.keep.columns import Columns, read_number

PREFER_PREFIX = "prefer_prefix"
PLAIN_NAME = "plain_name"
BY_PATH = "path"
QUALITY_COLUMNS = ("jpeg_quality", "prior_jpeg_quality")
MAX_DECIMALS = 6


def _explain_pixels(columns: Columns, winner: int, runner_up: int) -> str:
    sizes = [(int(columns["width_px"][row]), int(columns["height_px"][row])) for row in (winner, runner_up)]
    against = " against ".join(f"{width}x{height}" for width, height in sizes)
    fewer = np.prod(sizes[0]) <= np.prod(sizes[1])
    if sizes[0] == sizes[1]:
        return f"more real pixels (of the same {against.split()[0]} the other fills fewer with picture)"
    return f"more real pixels ({against}{', which is framed or enlarged' if fewer else ''})"


def _explain_compression(columns: Columns, winner: int, runner_up: int) -> str:
    kept, other = (_describe_encoding(columns, row) for row in (winner, runner_up))
    if kept == other:
        return f"less compression (both {kept}, but coarser blocks show in the other)"
    return f"less compression ({kept} against {other})"


def _describe_encoding(columns: Columns, row: int) -> str:
    quality, prior = (float(read_number(columns, name, np.nan)[row]) for name in QUALITY_COLUMNS)
    percent, bits = (
        float(read_number(columns, "lossy_percent", np.nan)[row]),
        read_number(columns, "sample_bits", 8)[row],
    )
    own = str(columns["image_format"][row]) if "image_format" in columns else "file"
    own += "" if bits <= 8 else f" of {bits:.0f} bits a sample"
    own += "" if np.isnan(quality) else f" quality {quality:.0f}"
    own += f" as coarse as JPEG quality {quality_of_steps(percent):.0f}" if percent > 0 else ""
    return own if np.isnan(prior) else f"{own} after JPEG quality {prior:.0f}"


def _explain_frames(columns: Columns, winner: int, runner_up: int) -> str:
    more, less = read_number(columns, "frame_count", 1)[[winner, runner_up]]
    return f"it holds {more:.0f} frames, the other {less:.0f}"


def _explain_first(columns: Columns, winner: int, runner_up: int) -> str:
    facts, priors = columns.get("origin_facts"), read_number(columns, "prior_jpeg_quality", np.nan)
    if facts is not None and "camera" in str(facts[winner]) and np.isnan(priors[runner_up]):
        return "first encoding: the camera's own file, of which the other was made"
    return "first encoding: in the other an earlier compression shows"


def _explain_metadata(columns: Columns, winner: int, runner_up: int) -> str:
    kept, other = (_told_by(columns, row) for row in (winner, runner_up))
    return f"the same pixels, and it tells {kept}, the other {other}"


def _told_by(columns: Columns, row: int) -> str:
    facts = str(columns["origin_facts"][row]) if "origin_facts" in columns else ""
    generation = "its generation" if read_number(columns, "has_metadata")[row] else ""
    return ", ".join(filter(None, (facts, generation))) or "nothing"


def _explain_numbers(words: str, column: str, decimals: int) -> Callable[[Columns, int, int], str]:
    """A sentence with both numbers, to as many decimals as tell them apart; without them where none does."""

    def explain(columns: Columns, winner: int, runner_up: int) -> str:
        values = read_number(columns, column)[[winner, runner_up]]
        for places in range(decimals, MAX_DECIMALS + 1):
            more, less = (f"{value:.{places}f}" for value in values)
            if more != less:
                return f"{words} ({more} against {less})"
        return words

    return explain


def _explain_plainly(words: str) -> Callable[[Columns, int, int], str]:
    return lambda columns, winner, runner_up: words


EXPLANATIONS: Mapping[str, Callable[[Columns, int, int], str]] = MappingProxyType(
    {
        "more_frames": _explain_frames,
        "more_pixels": _explain_pixels,
        "unmarked": _explain_plainly("not marked, filtered or re-toned: closest to the other copies"),
        "less_compression": _explain_compression,
        "transparent": _explain_plainly("it holds transparency, the other lies on a ground"),
        "first_encoding": _explain_first,
        "closest": _explain_plainly("closest to the other copies"),
        "finer_compression": _explain_compression,
        "wider_margin": _explain_plainly("wider margin about the same picture"),
        "more_bits": _explain_numbers("more bits a pixel", "bits_per_pixel", 2),
        "richer_metadata": _explain_metadata,
        PLAIN_NAME: _explain_plainly("plain name: the other has one that programs give to copies"),
        "oldest": _explain_plainly("older"),
        "newest": _explain_plainly("newer"),
        "largest_file": _explain_numbers("larger file", "size_bytes", 0),
        PREFER_PREFIX: _explain_plainly("in a preferred prefix"),
        BY_PATH: _explain_plainly("first by path among equals"),
    }
)
