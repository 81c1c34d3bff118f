"""Do two images show the same picture? A cascade of tests, from cheap to dear, that leaves its evidence.

Here belongs the order of the tests and what each may decide. What is clear at a glance is in `clear/cases.py`; the tests
that decide what is in doubt are in `exact/`; the numbers in `thresholds.py`; who is proposed as a pair at all, in
`kernels/candidates/hamming_search.py`.
"""

from dataclasses import replace

import numpy as np

from dedup_assets.kernels.describe.quality import MAX_FLAT_CONTRAST, is_low_information
from dedup_assets.kernels.transforms import INVERSE_TRANSFORMS, TRANSFORMS
from dedup_assets.kernels.verify.changes.judging import judge_changes
from dedup_assets.kernels.verify.clear.cases import decide_by_box, decide_by_signatures
from dedup_assets.kernels.verify.evidence import REVERSED_RELATIONS, UNKNOWN, PairEvidence, VerifiableImage
from dedup_assets.kernels.verify.exact.alignment import invert_map
from dedup_assets.kernels.verify.exact.geometry import GeometricFit, fit_geometry, fit_mirrored_geometry
from dedup_assets.kernels.verify.exact.local_features import scale_to_canvas
from dedup_assets.kernels.verify.exact.pixel_tests import Pair, judge_overlap, judge_parallax, judge_strictly
from dedup_assets.kernels.verify.films import contradict_further
from dedup_assets.kernels.verify.grounds import lay_alike, lay_flattened
from dedup_assets.kernels.verify.maps import MIRRORING, BoxMap, best_box_map, in_fractions, invert_fractions, refine_map
from dedup_assets.kernels.verify.pages.directions import judge_direction
from dedup_assets.kernels.verify.pages.words import judge_words
from dedup_assets.kernels.verify.stored_features import load_features
from dedup_assets.kernels.verify.thresholds import VerificationThresholds

__all__ = [
    "UNKNOWN",
    "PairEvidence",
    "VerifiableImage",
    "VerificationThresholds",
    "verify_pair",
]

CERTAIN_REJECTIONS = frozenset({"color", "conflict", "seam", "parallax", "panned", "changed", "blended"})
"""Where features fitted and structure agreed but this did not, no other alignment will change it."""
DEFAULT_THRESHOLDS = VerificationThresholds()


def verify_pair(
    left: VerifiableImage,
    right: VerifiableImage,
    transform: str,
    thresholds: VerificationThresholds = DEFAULT_THRESHOLDS,
) -> PairEvidence:
    """Decide whether two images show the same picture, where right is about `transform` of left.

    transform is one of `transforms.TRANSFORMS`, or "unknown": then local features are tried in both handednesses.
    Features are found where they are needed and not known. The answer is a function of the pair alone: swapping
    left and right (and inverting the transform) gives the same verdict and scores. Raises KeyError for another transform.
    """
    if transform != UNKNOWN and transform not in TRANSFORMS:
        raise KeyError(f"transform {transform!r} is neither 'unknown' nor one of {TRANSFORMS}")
    if contradict_further(left, right, thresholds.max_frame_distance):
        return PairEvidence(False, None, "frames", transform)
    evidence = _judge(*lay_alike(left, right), transform, thresholds)
    others = (_judge(*laid, transform, thresholds) for laid in lay_flattened(left, right))
    return evidence if evidence.verdict else next((each for each in others if each.verdict), evidence)


def _judge(
    left: VerifiableImage, right: VerifiableImage, transform: str, thresholds: VerificationThresholds
) -> PairEvidence:
    if _comes_first(left, right):
        return _decide_closely(Pair(left, right, transform, thresholds))
    inverse = INVERSE_TRANSFORMS.get(transform, UNKNOWN)
    evidence = _decide_closely(Pair(right, left, inverse, thresholds))
    return replace(
        evidence,
        transform=transform,
        overlap_left=evidence.overlap_right,
        overlap_right=evidence.overlap_left,
        relation=evidence.relation and REVERSED_RELATIONS[evidence.relation],
        fitted_map=evidence.fitted_map and invert_fractions(evidence.fitted_map),
    )


def _comes_first(left: VerifiableImage, right: VerifiableImage) -> bool:
    """Whether the content of left is not after that of right; thumbnails are looked at only where all else is equal."""
    here, there = left.gray_64.tobytes(), right.gray_64.tobytes()
    return here < there or (here == there and left.thumbnail.tobytes() <= right.thumbnail.tobytes())


def _decide_closely(pair: Pair) -> PairEvidence:
    """The verdict of the thumbnails, and of what passes that of directions and words."""
    seen = judge_direction(pair.left, pair.right, _decide(pair), pair.thresholds.turned_copies)
    return judge_words(pair.left, pair.right, seen)


def _decide(pair: Pair) -> PairEvidence:
    """Cheapest first; the first test that is certain decides, the others leave their scores."""
    if pair.transform in ("identity", UNKNOWN) and np.array_equal(pair.left.thumbnail, pair.right.thumbnail):
        whole = in_fractions(np.eye(3), pair.left.thumbnail, pair.right.thumbnail)
        scores = 1.0, 1.0, 1.0
        return PairEvidence(
            True, "near", "identical_pixels", pair.transform, *scores, relation="same", fitted_map=whole
        )
    if any(is_low_information(image.contrast, image.detail) for image in (pair.left, pair.right)):
        return _decide_plain(pair)
    start = None if pair.transform == UNKNOWN else best_box_map(pair.left, pair.right, pair.transform)
    if start is not None:
        clear = decide_by_box(pair, start)
        if clear is not None:
            return clear
        seen = judge_overlap(pair, start.matrix, "global_structure", pair.thresholds.min_global_agreement)
        seen = judge_changes(pair, start.matrix, seen) if seen.verdict else seen
        if seen.verdict or seen.decided_by == "color":
            return seen
        if seen.content_share is not None and seen.content_share < pair.thresholds.min_content_share:
            return _decide_plain(pair)
    local = _decide_locally(pair)
    if local.verdict or local.decided_by in CERTAIN_REJECTIONS or start is None:
        return local
    return _decide_refined(pair, start, local)


def _decide_plain(pair: Pair) -> PairEvidence:
    """Where there is little to see: strictly, or by what little there is, if that is distinct and nothing contradicts it."""
    strict = judge_strictly(pair)
    if strict.verdict or min(pair.left.contrast, pair.right.contrast) <= MAX_FLAT_CONTRAST:
        return strict
    local = _fit_locally(pair)
    return local if local.verdict and (local.local_inliers or 0) >= pair.thresholds.min_plain_inliers else strict


def _decide_locally(pair: Pair) -> PairEvidence:
    """By local features: most pictures that show something else share too few signatures to be matched at all."""
    return decide_by_signatures(pair) or _fit_locally(pair)


def _fit_locally(pair: Pair) -> PairEvidence:
    """Match local features, fit a map, and look at every pixel that both pictures show under it."""
    fit = _best_fit(pair)
    limits = pair.thresholds
    if fit is None or fit.inliers < limits.min_local_inliers:
        inliers = fit.inliers if fit else 0
        return PairEvidence(False, None, "local_features", pair.transform, local_inliers=inliers)
    fit, evidence = judge_fit(pair, fit)
    if evidence.verdict and fit.strays >= limits.min_strays:
        evidence = judge_parallax(pair, fit.matrix, evidence)
    if evidence.verdict:
        evidence = judge_changes(pair, fit.matrix, evidence)
    coverage = max(fit.hull_left / (evidence.overlap_left or 1.0), fit.hull_right / (evidence.overlap_right or 1.0))
    return replace(evidence, local_inliers=fit.inliers, local_coverage=min(1.0, coverage))


def judge_fit(pair: Pair, fit: GeometricFit) -> tuple[GeometricFit, PairEvidence]:
    """Look at what both show under a fit; where it nearly agrees, features may be few or loose, and the pixels find a better map.

    Of 120 photographs turned by 25 degrees two were lost for it, of fruit, whose features repeat: 0.75 of the windows agreed, and
    0.998 under the map of the pixels.
    """
    limits = pair.thresholds
    seen = judge_overlap(pair, fit.matrix, "local_structure", limits.min_local_agreement)
    if (
        seen.verdict
        or seen.decided_by != "local_structure"
        or (seen.correlation or 0.0) < limits.min_refinable_correlation
    ):
        return fit, seen
    matrix = refine_map(pair.left.thumbnail, pair.right.thumbnail, fit.matrix)
    if matrix is None:
        return fit, seen
    return replace(fit, matrix=matrix), judge_overlap(pair, matrix, "local_structure", limits.min_local_agreement)


def _best_fit(pair: Pair) -> GeometricFit | None:
    """The map between the two thumbnails that explains most matches, of the handedness asked for, or of either."""
    left, right = (load_features(image.features) for image in (pair.left, pair.right))
    fits = []
    if pair.transform not in MIRRORING:
        fits.append(fit_geometry(left, right))
    if pair.transform in MIRRORING or pair.transform == UNKNOWN:
        fits.append(fit_mirrored_geometry(left, right))
    best = max((fit for fit in fits if fit), key=lambda fit: fit.inliers, default=None)
    if best is None:
        return None
    here, there = (scale_to_canvas(f.size, i.thumbnail) for f, i in ((left, pair.left), (right, pair.right)))
    return replace(best, matrix=invert_map(there) @ best.matrix @ here)


def _decide_refined(pair: Pair, start: BoxMap, local: PairEvidence) -> PairEvidence:
    """Where a blurred or plain picture has too few features, let the pixels themselves find the alignment."""
    if start.correlation < pair.thresholds.min_refinable_correlation:
        return local
    matrix = refine_map(pair.left.thumbnail, pair.right.thumbnail, start.matrix)
    if matrix is None:
        return local
    refined = judge_overlap(pair, matrix, "refined_structure", pair.thresholds.min_refined_agreement)
    refined = judge_changes(pair, matrix, refined) if refined.verdict else refined
    shares = refined.overlap_left or 0.0, refined.overlap_right or 0.0
    if min(shares) < pair.thresholds.min_refined_overlap:
        return local
    return replace(refined, local_inliers=local.local_inliers, local_coverage=local.local_coverage)
