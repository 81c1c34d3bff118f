"""The thresholds that calibration looks at: which policy they belong to, and the values that are tried.

Belongs here: the ranges. Does not belong here: the present values and their reasons (the policies themselves), measuring.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dedup_assets.embedders.protocol import Embedder
from dedup_assets.policies import CandidatePolicy, SimilarityPolicy, VerificationPolicy

Stage = Literal["wavelet_groups", "verified_groups", "similar_groups"]
"""The section of the policy file, which is the asset's name."""

RANGES: Mapping[str, tuple[Stage, Sequence[float]]] = {
    "max_dct_distance": ("wavelet_groups", range(8, 81, 4)),
    "max_turned_dct_distance": ("wavelet_groups", range(8, 81, 4)),
    "max_wavelet_distance": ("wavelet_groups", range(16, 177, 8)),
    "min_global_agreement": ("verified_groups", (0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)),
    "min_color_agreement": ("verified_groups", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)),
    "min_local_inliers": ("verified_groups", (4, 5, 6, 7, 8, 10, 12, 16, 20, 26, 32)),
    "min_local_agreement": ("verified_groups", (0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)),
    "min_overlap": ("verified_groups", (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)),
    "min_shown_share": ("verified_groups", (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8)),
    "min_framed_share": ("verified_groups", (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)),
    "min_tone": ("verified_groups", (-1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)),
    "max_pan": ("verified_groups", (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 1.0)),
    "max_parallax": ("verified_groups", (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)),
    "max_changed_share": ("verified_groups", (0.0, 0.0005, 0.001, 0.0015, 0.002, 0.004, 0.008, 0.02, 0.05, 0.2, 1.0)),
    "max_blended_share": ("verified_groups", (0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0)),
    "max_frame_distance": ("verified_groups", (0, 4, 8, 12, 16, 20, 28, 40, 60, 80)),
    "min_refined_agreement": ("verified_groups", (0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)),
    "min_drawn_agreement": ("verified_groups", (0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)),
    "max_conflict": ("verified_groups", (0.0, 0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.012, 0.02, 0.03)),
    "min_plain_inliers": ("verified_groups", (4, 5, 6, 7, 8, 10, 12, 16, 20, 26, 32)),
    "max_strict_difference": ("verified_groups", (0, 1, 2, 3, 4, 6, 8, 12, 16, 24)),
    "min_strict_correlation": ("verified_groups", (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99)),
    "min_copy_cosine": ("similar_groups", ()),
    "min_similar_cosine": ("similar_groups", ()),
}
"""Each threshold, its section, and the values that are tried beside the present one; cosines depend on the provider."""

HASHED, VERIFIED, COSINES = (
    tuple(name for name, (stage, _) in RANGES.items() if stage == section)
    for section in ("wavelet_groups", "verified_groups", "similar_groups")
)


@dataclass(frozen=True)
class PresentPolicy:
    """The policies as they are now, and the provider of vectors, whose own cosines hold where the policy names none."""

    candidates: CandidatePolicy
    verification: VerificationPolicy
    similarity: SimilarityPolicy
    embedder: Embedder

    @property
    def values(self) -> dict[str, float]:
        """The present value of every threshold of RANGES."""
        settings = self.candidates.settings() | self.verification.settings()
        cosines = self.similarity.limits({name: getattr(self.embedder, name) for name in COSINES})
        return {name: settings[name] for name in (*HASHED, *VERIFIED)} | dict(zip(COSINES, cosines, strict=True))

    def grids(self, names: Iterable[str]) -> dict[str, tuple[float, ...]]:
        """The values that are tried, sorted, the present one among them."""
        present = self.values
        return {name: _grid(name, present[name]) for name in names}


def _grid(name: str, present: float) -> tuple[float, ...]:
    tried = RANGES[name][1] or np.clip(present + np.arange(-0.3, 0.31, 0.03), -1, 1).round(3).tolist()
    return tuple(sorted({*tried, present}))
