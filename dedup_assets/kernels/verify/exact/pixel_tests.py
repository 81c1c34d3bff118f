"""What pixels decide about a pair: strictly where there is little to see, and over the overlap under one map.

Here belong single judgements. Their order is in `kernels/verify/cascade.py`, the measures in `overlap.py` and what it is made of
(`alignment.py`, `colour.py`, `strokes.py`, `surroundings.py`, `seams.py`), `parallax.py` and `little_detail.py`.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.quality import MAX_FLAT_CONTRAST
from dedup_assets.kernels.describe.shrinking import resize_into, to_gray
from dedup_assets.kernels.transforms import transform_image
from dedup_assets.kernels.verify.evidence import UNKNOWN, DecidedBy, PairEvidence, VerifiableImage
from dedup_assets.kernels.verify.exact.alignment import measure_difference
from dedup_assets.kernels.verify.exact.little_detail import compare_plainly, is_recompression
from dedup_assets.kernels.verify.exact.overlap import OverlapComparison, align_pictures, compare_overlap, is_panel
from dedup_assets.kernels.verify.exact.parallax import measure_parallax
from dedup_assets.kernels.verify.exact.surroundings import WIDE_FRAME_SHARE
from dedup_assets.kernels.verify.maps import in_fractions, is_upright, unit_map
from dedup_assets.kernels.verify.thresholds import VerificationThresholds


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images in the order of their content, so that every test sees them the same way round."""

    left: VerifiableImage
    right: VerifiableImage
    transform: str
    thresholds: VerificationThresholds


def judge_strictly(pair: Pair) -> PairEvidence:
    """Pictures with next to no signal are the same only where no pixel differs by more than recompression explains."""
    limits = pair.thresholds
    one, other = pair.left.thumbnail, pair.right.thumbnail
    if pair.transform != UNKNOWN:
        one = transform_image(one, pair.transform)
    aspects = [np.log(picture.shape[1] / picture.shape[0]) for picture in (one, other)]
    if abs(aspects[0] - aspects[1]) > limits.max_strict_stretch:
        return PairEvidence(False, None, "strict_pixels", pair.transform)
    height, width = min(one.shape, other.shape)[:2]
    one, other = resize_into(one, (width, height)), resize_into(other, (width, height))
    difference, correlation = measure_difference(one, other)
    same = difference.max() <= limits.max_strict_difference and correlation >= limits.min_strict_correlation
    if not same and min(pair.left.contrast, pair.right.contrast) > MAX_FLAT_CONTRAST:
        same = is_recompression(compare_plainly(one, other, (difference, correlation)))
    if not same:
        return PairEvidence(False, None, "strict_pixels", pair.transform, correlation=correlation)
    level: Literal["near", "copy"] = "near" if pair.transform in ("identity", UNKNOWN) else "copy"
    whole = tuple(unit_map("identity" if pair.transform == UNKNOWN else pair.transform)[:2].ravel().tolist())
    return PairEvidence(
        True, level, "strict_pixels", pair.transform, correlation=correlation, relation="same", fitted_map=whole
    )


def judge_overlap(pair: Pair, matrix: NDArray[np.float64], test: DecidedBy, min_agreement: float) -> PairEvidence:
    """What the pixels say under one map: enough overlap with enough content, structure that agrees, and colours too."""
    limits = pair.thresholds
    seen = compare_overlap(pair.left.thumbnail, pair.right.thumbnail, matrix, limits.min_plain_share)
    if seen is None:
        return PairEvidence(False, None, test, pair.transform)
    fitted = in_fractions(matrix, pair.left.thumbnail, pair.right.thumbnail)
    evidence = replace(_scores_of(seen, test, pair.transform), fitted_map=fitted)
    needed = limits.min_drawn_agreement if seen.drawn else 0.0
    if seen.structure.agreement < max(needed, min_agreement) or not _is_enough(seen, limits):
        return evidence
    if seen.colour.agreement < limits.min_color_agreement:
        return replace(evidence, decided_by="color")
    if seen.conflict > limits.max_conflict:
        return replace(evidence, decided_by="conflict")
    if is_panel(pair.left.thumbnail, pair.right.thumbnail, matrix, seen.relation):
        return replace(evidence, decided_by="seam")
    near = min(seen.share_left, seen.share_right) >= limits.min_near_overlap and is_upright(matrix)
    return replace(evidence, verdict=True, level="near" if near else "copy", relation=seen.relation)


def judge_parallax(pair: Pair, matrix: NDArray[np.float64], evidence: PairEvidence) -> PairEvidence:
    """Take an accepted pair back where parts of the two moved against each other: then they are two shots of one scene."""
    onto_left = (evidence.overlap_left or 0.0) >= (evidence.overlap_right or 0.0)
    aligned = align_pictures(pair.left.thumbnail, pair.right.thumbnail, matrix, onto_left)
    share = measure_parallax(to_gray(aligned.target), to_gray(aligned.warped), aligned.inside)
    if share < pair.thresholds.max_parallax:
        return evidence
    return replace(evidence, verdict=False, level=None, relation=None, decided_by="parallax")


def _scores_of(seen: OverlapComparison, test: DecidedBy, transform: str) -> PairEvidence:
    """All that was measured, for a pair that is not accepted yet."""
    return PairEvidence(
        verdict=False,
        level=None,
        decided_by=test,
        transform=transform,
        color_score=seen.colour.agreement,
        structure_score=seen.structure.agreement,
        correlation=seen.structure.correlation,
        content_share=seen.structure.content_share,
        tone=seen.structure.tone,
        plain_share=seen.plain_share,
        conflict=seen.conflict,
        overlap_left=seen.share_left,
        overlap_right=seen.share_right,
    )


def _is_enough(seen: OverlapComparison, limits: VerificationThresholds) -> bool:
    """Whether the two show enough of each other, with enough in it, for their agreement to mean anything."""
    shares = sorted((seen.share_left, seen.share_right))
    is_framed = seen.framed >= WIDE_FRAME_SHARE
    shown = limits.min_framed_share if is_framed else limits.min_shown_share
    overlap = shares[0] >= shown and shares[1] >= limits.min_overlap
    content = seen.structure.content_share >= limits.min_content_share
    return (
        overlap and content and (seen.structure.tone >= limits.min_tone or seen.plain_share >= limits.min_plain_share)
    )
