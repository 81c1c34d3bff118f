"""Pairs that are clear on frames of 128 px, one way or the other; whatever is not is left to the exact tests.

Here belong the margins by which a case is clear. The measures are in `frames.py` and `signatures.py`, the exact tests that decide
what is in doubt in `kernels/verify/exact/pixel_tests.py`, the order of both in `kernels/verify/cascade.py`.

Over 1,276 pairs the agreement on frames lay within 0.006 (one standard deviation) of the exact one, and 99 of 100 differed by less
than 0.02; hues by 0.045 at most. Of 7,326 pairs no verdict of the exact tests was turned into a worse one.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.verify.changes.judging import judge_changes
from dedup_assets.kernels.verify.clear.frames import Frame, FrameComparison, compare_frames, frame_of
from dedup_assets.kernels.verify.clear.signatures import SignatureFit, fit_signatures
from dedup_assets.kernels.verify.evidence import UNKNOWN, PairEvidence
from dedup_assets.kernels.verify.exact.alignment import invert_map
from dedup_assets.kernels.verify.exact.colour_changes import MIN_TURNED_CORRELATION
from dedup_assets.kernels.verify.exact.local_features import scale_to_canvas
from dedup_assets.kernels.verify.exact.overlap import WHOLE_SHARE, is_panel, overlap_shares, relate
from dedup_assets.kernels.verify.exact.pixel_tests import Pair
from dedup_assets.kernels.verify.maps import MIRRORING, BoxMap, in_fractions, is_upright, slant
from dedup_assets.kernels.verify.thresholds import VerificationThresholds

MIN_VOTES = 8
"""Matches of signatures that one map must explain. Of 3,406 copies the fewest had 13, at 20 bits; 96 of 100 unrelated pairs that
vectors propose have fewer than 8."""
AGREEMENT_MARGIN, FITTED_MARGIN, DISAGREEMENT_MARGIN = 0.02, 0.07, 0.3
"""Under a map that signatures gave, exact to 1 to 2 px: of the 500 copies with fewest matches the lowest agreement was 0.64."""
COLOUR_MARGIN, CONTENT_MARGIN, TONE_MARGIN, PLAIN_MARGIN = 0.12, 0.05, 0.1, 0.08
SHARE_MARGIN, SHOWN_MARGIN = 0.01, 0.05
MAX_CLEAR_TURN, MIN_CLEAR_TURN = 9.0, 45.0
"""Degrees by which hues turned together: gamma and white balance turn most pictures by less, `colour.MIN_TURN` is 13; no light and
no tone turns them all by as much as the greater."""
MAX_CLEAR_STRAYS = 0.2
"""From 0.25 on parallax is measured; nearer to it, or with too few matches to tell, the exact fit looks."""
SLANTS = 0.04, 0.085
"""Sines about `maps.UPRIGHT_SLACK`, where an affine map does not tell near from copy as a homography does."""

Test = Literal["global_structure", "local_structure"]


@dataclass(frozen=True, slots=True)
class _Laid:
    """Two frames under a map, 3x3, of px of the left thumbnail to px of the right one, and what share of each both show."""

    frames: tuple[Frame, Frame]
    matrix: NDArray[np.float64]
    shares: tuple[float, float]


def decide_by_box(pair: Pair, start: BoxMap) -> PairEvidence | None:
    """The verdict under the map that hashes proposed, where it is clear."""
    frames = frame_of(pair.left, start.left_box), frame_of(pair.right, start.right_box)
    return _judge(pair, _lay(pair, frames, start.matrix), "global_structure")


def decide_by_signatures(pair: Pair) -> PairEvidence | None:
    """The verdict under the map that signatures agree on, where it is clear: a rejection too where they agree on none."""
    fit = fit_signatures(pair.left.features, pair.right.features)
    limits, is_unknown = pair.thresholds, pair.transform == UNKNOWN
    if fit.votes < MIN_VOTES or fit.votes < limits.min_local_inliers:
        too_few = fit.votes < min(MIN_VOTES, limits.min_local_inliers)
        return _rejected(pair, "local_features", fit) if too_few else None
    if abs(np.linalg.det(fit.matrix)) < 1e-4 or not (is_unknown or fit.mirrored == (pair.transform in MIRRORING)):
        return None
    here, there = (scale_to_canvas(each.features.size, each.thumbnail) for each in (pair.left, pair.right))
    laid = _lay(pair, (frame_of(pair.left, None), frame_of(pair.right, None)), invert_map(there) @ fit.matrix @ here)
    if is_unknown and min(laid.shares) + SHOWN_MARGIN < limits.min_framed_share:
        return _rejected(pair, "local_structure", fit)
    seen = _judge(pair, laid, "local_structure")
    if seen is None or not _is_certain(fit, laid, seen):
        return None
    return replace(seen, local_inliers=fit.votes)


def _rejected(pair: Pair, test: Literal["local_features", "local_structure"], fit: SignatureFit) -> PairEvidence:
    return PairEvidence(False, None, test, pair.transform, local_inliers=fit.votes)


def _is_certain(fit: SignatureFit, laid: _Laid, seen: PairEvidence) -> bool:
    """Whether an exact fit would say the same: of what shows something else, or where nothing moved nor is about to slant."""
    if not seen.verdict and seen.decided_by == "local_structure":
        return True
    return fit.strays <= MAX_CLEAR_STRAYS and not (seen.verdict and SLANTS[0] < slant(laid.matrix) < SLANTS[1])


def _lay(pair: Pair, frames: tuple[Frame, Frame], matrix: NDArray[np.float64]) -> _Laid:
    left, right = (each.thumbnail.shape[1::-1] for each in (pair.left, pair.right))
    return _Laid(frames, matrix, overlap_shares(left, right, matrix))


def _judge(pair: Pair, laid: _Laid, test: Test) -> PairEvidence | None:
    """What the exact tests would say beyond doubt, of pictures that show enough of each other and are no drawings."""
    limits = pair.thresholds
    drawn = min(each.plain_share for each in laid.frames) + PLAIN_MARGIN >= limits.min_plain_share
    if drawn or not _shares_are_clear(laid.shares, limits):
        return None
    seen = compare_frames(*laid.frames, laid.matrix, laid.shares[0] >= laid.shares[1])
    evidence = _scores_of(pair, laid, seen, test)
    if test == "local_structure" and seen.agreement + DISAGREEMENT_MARGIN < limits.min_local_agreement:
        return evidence if pair.transform == UNKNOWN else None
    return _judge_colour(pair, laid, seen, evidence) if _is_alike(seen, limits, test) else None


def _shares_are_clear(shares: tuple[float, float], limits: VerificationThresholds) -> bool:
    """Whether the two show enough of each other, and each the other wholly or not."""
    lower, upper = sorted(shares)
    enough = lower - SHARE_MARGIN >= limits.min_shown_share and upper - SHARE_MARGIN >= limits.min_overlap
    edges = WHOLE_SHARE, float(limits.min_near_overlap)
    return enough and all(abs(share - edge) >= SHARE_MARGIN for share in shares for edge in edges)


def _is_alike(seen: FrameComparison, limits: VerificationThresholds, test: Test) -> bool:
    if test == "global_structure":
        agrees = seen.agreement - AGREEMENT_MARGIN >= limits.min_global_agreement
    else:
        agrees = seen.agreement - FITTED_MARGIN >= limits.min_local_agreement
    has_content = seen.content_share - CONTENT_MARGIN >= limits.min_content_share
    return agrees and has_content and seen.tone - TONE_MARGIN >= limits.min_tone


def _judge_colour(pair: Pair, laid: _Laid, seen: FrameComparison, evidence: PairEvidence) -> PairEvidence | None:
    """Of pictures whose structure agrees: whether colours do, and whether one is a panel of the other.

    Where one seems to show a thing that the other does not, the exact map is asked again.
    """
    limits, colours = pair.thresholds, (seen.colour_of_all, seen.colour_of_structure)
    if max(colours) + COLOUR_MARGIN <= limits.min_color_agreement and _is_turned(seen):
        return replace(evidence, decided_by="color")
    in_doubt = seen.is_tinted_gray or abs(seen.turn) > MAX_CLEAR_TURN
    if in_doubt or min(colours) - COLOUR_MARGIN < limits.min_color_agreement:
        return None
    pictures = pair.left.thumbnail, pair.right.thumbnail
    relation, _ = relate(*pictures, laid.matrix, *laid.shares)
    if is_panel(*pictures, laid.matrix, relation):
        return replace(evidence, decided_by="seam")
    near = min(laid.shares) >= limits.min_near_overlap and is_upright(laid.matrix)
    accepted = replace(evidence, verdict=True, level="near" if near else "copy", relation=relation)
    judged = judge_changes(pair, laid.matrix, accepted)
    return judged if judged.verdict else None


def _is_turned(seen: FrameComparison) -> bool:
    return abs(seen.turn) >= MIN_CLEAR_TURN and seen.turned_correlation >= MIN_TURNED_CORRELATION


def _scores_of(pair: Pair, laid: _Laid, seen: FrameComparison, test: Test) -> PairEvidence:
    """All that was measured, for a pair that is not accepted yet."""
    return PairEvidence(
        verdict=False,
        level=None,
        decided_by=test,
        transform=pair.transform,
        color_score=seen.colour_of_all,
        structure_score=seen.agreement,
        correlation=seen.correlation,
        content_share=seen.content_share,
        tone=seen.tone,
        plain_share=min(each.plain_share for each in laid.frames),
        overlap_left=laid.shares[0],
        overlap_right=laid.shares[1],
        fitted_map=in_fractions(laid.matrix, pair.left.thumbnail, pair.right.thumbnail),
    )
