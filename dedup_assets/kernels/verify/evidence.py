"""What a verified pair is made of: the image as verification sees it, and the evidence it leaves.

Here belong the types. The numbers are in `thresholds.py`, the tests that use them in `cascade.py`.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.verify.stored_features import StoredFeatures, find_features

Made = TypeVar("Made")

UNKNOWN = "unknown"
"""The transform of pairs that hashes did not propose."""
Relation = Literal[
    "same", "left_contains_right", "right_contains_left", "left_frames_right", "right_frames_left", "overlap"
]
DecidedBy = Literal[
    "frames",
    "identical_pixels",
    "strict_pixels",
    "color",
    "conflict",
    "seam",
    "parallax",
    "panned",
    "changed",
    "blended",
    "global_structure",
    "local_features",
    "local_structure",
    "refined_structure",
    "words",
    "direction",
]
REVERSED_RELATIONS: dict[Relation, Relation] = {
    "same": "same",
    "left_contains_right": "right_contains_left",
    "right_contains_left": "left_contains_right",
    "left_frames_right": "right_frames_left",
    "right_frames_left": "left_frames_right",
    "overlap": "overlap",
}


@dataclass(slots=True, eq=False)
class VerifiableImage:
    """One image as verification sees it, and what is made of it once for all its pairs.

    gray_64              (64, 64) uint8, aspect ignored
    thumbnail            (h, w, 3) uint8 RGB, upright, longer side <= 256
    inner_box            left, top, width, height as shares 0..1 inside uniform borders; None without border
    width_px, height_px  of the full-size picture
    contrast             standard deviation of gray_64, 0..127
    detail               middle-frequency signal of gray_64, gray levels (see `kernels/describe/quality.py`)
    stored               its local features where they are known
    frame_count          frames of a film or pages of a document; 1 of a still
    frame_digests        their checksums (`kernels/decode/frame_digests.py`); empty where they are not known
    frames               records of some of them (`kernels/describe/frame_records.py`); None of a still
    alpha                (h, w) uint8 beside thumbnail, 255 is opaque; None where it all is
    ground_level         gray level that shows through; None likewise
    fine_gray            the finer record of a page, screen or drawing (`kernels/describe/drawn.py`); None of others
    """

    gray_64: NDArray[np.uint8]
    thumbnail: NDArray[np.uint8]
    inner_box: tuple[float, ...] | None
    width_px: int
    height_px: int
    contrast: float
    detail: float
    stored: StoredFeatures | None = None
    frame_count: int = 1
    frame_digests: bytes = b""
    frames: NDArray[Any] | None = None
    alpha: NDArray[np.uint8] | None = None
    ground_level: int | None = None
    fine_gray: bytes | None = None
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def features(self) -> StoredFeatures:
        """Its local features, found where they are not known yet."""
        if self.stored is None:
            self.stored = find_features(self.thumbnail)
        return self.stored

    def once(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` makes of this image, the first time that it is asked for by this name."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made


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
    changed_share    share of what both show that is a thing in one and not in the other, 0..1
    blended_share    share of the windows with most content in which something else shows through, 0..1
    fitted_map       how the left picture lies upon the right one: (a, b, c, d, e, f) takes the point (x, y) to
                     (a x + b y + c, d x + e y + f), both in fractions 0..1 of the width and height of their upright
                     picture, from its upper left corner; None where nothing was aligned
    differing_tiles  tiles of 32 px of finer records in which the words differ, of those `tiles` that hold any
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
    changed_share: float | None = None
    blended_share: float | None = None
    fitted_map: tuple[float, ...] | None = None
    differing_tiles: int | None = None
    tiles: int | None = None
