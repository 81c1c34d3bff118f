"""Plots for a materialization's metadata: small PNG pictures, and how Markdown carries a picture.

Belongs here: drawing numbers that are already there.
Does not belong here: computing distances (`kernels/`), thumbnails (`contact_sheet.py`).
"""

import base64
import re
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_BINS = 80
_INK, _MUTED, _BARS, _LINE = "#26302b", "#6d7872", "#3f8f68", "#c2410c"
_PAPER = "#fbfaf7"


def distance_histogram(distances: NDArray[Any], threshold: float | None, title: str, unit: str) -> bytes:
    """A histogram of distances or scores as a PNG of 720 x 320 pixels, far below 100 kB.

    `distances` may have any shape and numeric dtype; values that are not finite are left out. Whole numbers get bins of
    whole numbers. A vertical line marks `threshold`, in the same `unit`. Where a bar is 50 times another one, the
    counts stand on a logarithmic axis, so that the few near ones are seen beside the many far ones.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2), dpi=100, facecolor=_PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=_PAPER)
    values = np.asarray(distances, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    _draw_bars(axes, values)
    if threshold is not None:
        _draw_threshold(axes, threshold, unit)
    _label(axes, f"{title}  ·  {values.size:,}", unit)
    png = BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})
    return png.getvalue()


def markdown_picture(png_or_jpeg: bytes, alt: str) -> str:
    """A picture as Markdown with the bytes in it: ``![alt](data:image/png;base64,...)``.

    Raises ValueError for bytes that are neither PNG nor JPEG.
    """
    kinds = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg"}
    kind = next((kind for magic, kind in kinds.items() if png_or_jpeg.startswith(magic)), None)
    if kind is None:
        raise ValueError(f"a PNG or JPEG was expected, but the bytes begin with {png_or_jpeg[:8]!r}")
    words = re.sub(r"([\\\[\]`*_<>&])", r"\\\1", " ".join(alt.split()))
    return f"![{words}](data:image/{kind};base64,{base64.b64encode(png_or_jpeg).decode()})"


def _draw_bars(axes: Any, values: NDArray[np.float64]) -> None:
    if not values.size:
        axes.text(0.5, 0.5, "nothing to show", transform=axes.transAxes, ha="center", va="center", color=_MUTED)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    counts, edges = np.histogram(values, bins=_bin_edges(values))
    axes.bar(edges[:-1], counts, width=np.diff(edges) * 0.92, align="edge", color=_BARS, linewidth=0)
    if counts.max() >= 50 * counts[counts > 0].min():
        axes.set_yscale("log")
        axes.set_ylim(0.7, 4 * counts.max())
    else:
        axes.set_ylim(0, 1.18 * counts.max())


def _bin_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    if np.all(values == np.round(values)):
        step = max(1, int(np.ceil((high - low + 1) / MAX_BINS)))
        return np.arange(low, high + 1 + step, step) - 0.5
    return np.linspace(low, high, MAX_BINS // 2 + 1) if high > low else np.array([low - 0.5, low + 0.5])


def _draw_threshold(axes: Any, threshold: float, unit: str) -> None:
    axes.axvline(threshold, color=_LINE, linewidth=1.4, linestyle=(0, (4, 3)))
    axes.annotate(
        f" {threshold:g} {unit}", (threshold, 0.97), xycoords=("data", "axes fraction"),
        color=_LINE, fontsize=9, va="top", annotation_clip=False, parse_math=False,
    )  # fmt: skip


def _label(axes: Any, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", color=_INK, fontsize=11, parse_math=False)
    axes.set_xlabel(unit, color=_MUTED, fontsize=9, parse_math=False)
    axes.tick_params(which="both", colors=_MUTED, labelsize=8, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_MUTED)
    axes.grid(axis="y", color=_MUTED, alpha=0.18, linewidth=0.8)
    axes.set_axisbelow(True)
