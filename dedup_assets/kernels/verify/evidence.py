"""What a verified pair is made of: the image as verification sees it, the thresholds, and the evidence it leaves.

Here belong the types and the numbers with their reasons. The tests that use them are in `cascade.py`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

UNKNOWN = "unknown"
"""The transform of pairs that hashes did not propose."""
Relation = Literal[
    "same", "left_contains_right", "right_contains_left", "left_frames_right", "right_frames_left", "overlap"
]
DecidedBy = Literal[
    "identical_pixels",
    "strict_pixels",
    "color",
    "conflict",
    "seam",
    "parallax",
    "global_structure",
    "local_features",
    "local_structure",
    "refined_structure",
]
REVERSED_RELATIONS: dict[Relation, Relation] = {
    "same": "same",
    "left_contains_right": "right_contains_left",
    "right_contains_left": "left_contains_right",
    "left_frames_right": "right_frames_left",
    "right_frames_left": "left_frames_right",
    "overlap": "overlap",
}


@dataclass(frozen=True, slots=True)
class VerifiableImage:
    """One image as verification sees it.

    gray_64              (64, 64) uint8, aspect ignored
    thumbnail            (h, w, 3) uint8 RGB, upright, longer side <= 256
    inner_box            left, top, width, height as shares 0..1 inside uniform borders; None without border
    width_px, height_px  of the full-size picture
    contrast             standard deviation of gray_64, 0..127
    detail               middle-frequency signal of gray_64, gray levels (see `kernels/describe/quality.py`)
    """

    gray_64: NDArray[np.uint8]
    thumbnail: NDArray[np.uint8]
    inner_box: tuple[float, ...] | None
    width_px: int
    height_px: int
    contrast: float
    detail: float


@dataclass(frozen=True, slots=True)
class VerificationThresholds:
    """Every number that changes a verdict; all bounds inclusive. Measured figures: `benchmarks/verification.md`."""

    max_strict_difference: float = 4.0
    """Levels, after a 3x3 mean: JPEG at quality 30 moves a flat colour or gradient by at most 4."""
    max_strict_stretch: float = 0.03
    """Logarithm of the ratio of the aspect ratios: one pixel of rounding on a side of 32."""
    min_strict_correlation: float = 0.95
    """Of the little signal there is: 0.95 leaves a tenth of its energy to recompression."""
    min_global_agreement: float = 0.9
    """Share of windows that correlate without any alignment."""
    min_color_agreement: float = 0.6
    """Share of coloured pixels of one hue."""
    min_local_inliers: int = 8
    """An affine map has 6 unknowns, 3 matches; 5 more by chance at 4 px of 256 have p = (π 4²/ 256²)^5 = 3e-16 each draw."""
    min_plain_inliers: int = 12
    """Local features that must agree where a picture is low in detail: one figure in a clear sky has 12 to 60, blank scans,
    gradients and near-black frames none or a few."""
    min_local_agreement: float = 0.75
    """Share of windows that correlate under the fitted map."""
    min_overlap: float = 0.6
    """Share of the contained picture that both show: a logo in two corners overlaps in the logo alone."""
    min_shown_share: float = 0.3
    """Share of the larger picture that both show: a crop of 65 % leaves 0.35, a panel of a grid of four is 0.25 of it."""
    min_content_share: float = 0.1
    """Share of the overlap that has any content: shared sky or paper is no evidence."""
    min_tone: float = 0.55
    """Correlation of the pictures as wholes: hazy pictures under one agency's watermark agree in the watermark alone and
    reached 0.52; copies stay above 0.9, with a sticker above 0.6, except on grounds almost wholly plain."""
    min_plain_share: float = 0.33
    """Share of pixels of one gray level, from which a picture is a drawing, a page or a screen (0.36 to 0.94); 8 of 622
    photographs are, two of them pages indeed."""
    min_drawn_agreement: float = 0.88
    """Share of windows that correlate where both are drawings: charts of one template with other bars reached 0.80."""
    max_conflict: float = 0.0045
    """Share of strokes that contradict each other, and not in one direction only: recompressed, resized and cropped pages,
    screens and charts measured up to 0.0041, but for one blurred chart; one certificate of another person and day from
    0.0050, a table with other digits from 0.0067, a screen with three other words from 0.010."""
    max_parallax: float = 0.2
    """Share of blocks beside their place: a stereo pair of a motorcycle left 0.31 to 0.36 of them; of 12 photographs in 70
    edits each, one whose local contrast was stretched left 0.26, all others 0.16 at most."""
    min_strays: float = 0.25
    """Share of local features beside their place, from which parallax is measured at all: 0.64 of the stereo pair's,
    0.41 of the median pair of two layers shifted by 2 %; of copies 0.40 at most, and then no parallax."""
    min_refined_agreement: float = 0.85
    """Aligning pixels makes the best of any two smooth pictures: unrelated ones reached 0.65."""
    min_refined_overlap: float = 0.8
    min_refinable_correlation: float = 0.6
    """Of the 64x64 gray images, below which pixel alignment has nothing to converge to."""
    min_near_overlap: float = 0.85
    """A crop of 10 % and a border of 3 % are still near (0.90, 0.89); a crop of 20 % is a copy."""


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """The verdict on one pair, with every score that was computed; None where it was not.

    verdict          whether the two show the same picture
    level            near or copy; None without a match
    decided_by       the test that decided
    transform        right is about transform(left); "unknown" where only local features were asked
    color_score      share of coloured pixels whose hues agree, 0..1
    structure_score  share of windows with content that correlate, 0..1, of the test that decided
    correlation      mean local correlation of the same windows, -1..1
    local_inliers    matches of local features that one map explains
    local_coverage   area that these span, as a share of the overlap, 0..1
    overlap_left     share of the left picture that the right one shows, 0..1
    overlap_right    share of the right picture that the left one shows, 0..1
    relation         `left_contains_right`: right is a crop of left; `left_frames_right`: left is right within a frame,
                     a caption or a screen
    """

    verdict: bool
    level: Literal["near", "copy"] | None
    decided_by: DecidedBy
    transform: str
    color_score: float | None = None
    structure_score: float | None = None
    correlation: float | None = None
    local_inliers: int | None = None
    local_coverage: float | None = None
    overlap_left: float | None = None
    overlap_right: float | None = None
    relation: Relation | None = None
    content_share: float | None = None
    tone: float | None = None
    plain_share: float | None = None
    conflict: float | None = None
