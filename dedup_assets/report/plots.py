"""Plots for a materialization's metadata: small PNG pictures, and how Markdown carries a picture.

Belongs here: drawing numbers that are already there.
Does not belong here: computing distances (`kernels/`), thumbnails (`contact_sheet.py`).
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_BINS = 80
_INK, _MUTED, _BARS, _LINE = "#26302b", "#6d7872", "#3f8f68", "#c2410c"
_PAPER = "#fbfaf7"
_COLORS = {"near": _BARS, "turned": "#2563a8", "copy": "#7c3aa0", "different": "#b8860b"}
_PANELS_A_ROW = 3
PER_MILLION = "unrelated pairs let through, of a million"


@dataclass(frozen=True)
class ThresholdPanel:
    """The curves of one threshold: at each of `values` (n,), the shares 0..1 of planted pairs that pass, by family.

    `per_million` (n,) of a million unrelated pairs pass, with 95 % confidence no more than `per_million_at_most` (n,).
    """

    name: str
    present: float
    values: Sequence[float]
    shares: Mapping[str, Sequence[float]]
    per_million: Sequence[float]
    per_million_at_most: Sequence[float]


def distance_histogram(distances: NDArray[Any], threshold: float | None, title: str, unit: str) -> bytes:
    """A histogram of distances or scores as a PNG of 720 x 320 pixels, far below 100 kB.

    `distances` may have any shape and numeric dtype; values that are not finite are left out. Whole numbers get bins of
    whole numbers. A vertical line marks `threshold`, in the same `unit`. Where a bar is 50 times another one, the
    counts stand on a logarithmic axis, so that the few near ones are seen beside the many far ones.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2), dpi=100, facecolor=_PAPER)
    figure.subplots_adjust(0.085, 0.155, 0.985, 0.9)
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


def threshold_curves(panels: Sequence[ThresholdPanel], title: str) -> bytes:
    """A panel a threshold as a PNG 1,200 pixels wide, about 100 kB: recall on the left axis, false pairs on the right.

    A vertical line marks the present value. Same input, same bytes.
    """
    from matplotlib.figure import Figure

    rows = len(panels) // _PANELS_A_ROW + 1  # one more place than panels, for the legend
    height = 3.1 * rows + 0.5
    figure = Figure(figsize=(15, height), dpi=80, facecolor=_PAPER)
    figure.subplots_adjust(0.035, 0.35 / height, 0.965, 1 - 0.75 / height, 0.2, 0.28)
    figure.suptitle(title, x=0.01, y=1 - 0.1 / height, ha="left", va="top", color=_INK, fontsize=13, parse_math=False)
    places = figure.subplots(rows, _PANELS_A_ROW, squeeze=False).ravel()
    for axes, panel in zip(places, panels, strict=False):
        _draw_curves(axes, panel)
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    _draw_legend(places[len(panels)])
    drawn, png = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    Image.open(drawn).convert("RGB").quantize(64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        png, "PNG", optimize=True
    )
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


def _draw_curves(axes: Any, panel: ThresholdPanel) -> None:
    axes.set_facecolor(_PAPER)
    for family, shares in panel.shares.items():
        dashes = (0, (4, 2)) if family == "different" else "solid"
        axes.plot(
            panel.values, shares, color=_COLORS[family], linewidth=1.8, linestyle=dashes, marker=".", markersize=5
        )
    axes.set_ylim(-0.04, 1.12)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    _draw_threshold(axes, panel.present, "now")
    _label(axes, panel.name, "")
    right = axes.twinx()
    right.set_yscale("log")
    right.set_ylim(0.1, 3e6)
    right.plot(panel.values, panel.per_million_at_most, color=_LINE, linewidth=0.9, linestyle=(0, (1, 1.5)))
    seen = [(value, rate) for value, rate in zip(panel.values, panel.per_million, strict=True) if rate > 0]
    right.plot(
        [value for value, _ in seen], [rate for _, rate in seen], color=_LINE, linewidth=1.4, marker="x", markersize=4
    )
    right.tick_params(which="both", colors=_LINE, labelsize=8, length=0)
    right.spines[["top", "right", "left", "bottom"]].set_visible(False)


def _draw_legend(axes: Any) -> None:
    words = {"near": "near-duplicates found", "turned": "turned and mirrored copies found", "copy": "heavy edits found"}
    for family, word in words.items():
        axes.plot([], [], color=_COLORS[family], linewidth=1.8, marker=".", label=word)
    different = "recoloured pictures and pictures that agree in part,\nlet through"
    axes.plot([], [], color=_COLORS["different"], linewidth=1.8, linestyle=(0, (4, 2)), marker=".", label=different)
    axes.plot([], [], color=_LINE, linewidth=1.4, marker="x", label=f"{PER_MILLION} (right axis)")
    axes.plot(
        [], [], color=_LINE, linewidth=0.9, linestyle=(0, (1, 1.5)), label="at most so many, with 95 % confidence"
    )
    axes.plot([], [], color=_LINE, linewidth=1.4, linestyle=(0, (4, 3)), label="the present policy")
    axes.legend(loc="center left", frameon=False, labelcolor=_INK, fontsize=10)
