"""Whether two shots of one size look past each other: a camera that turned a little, or moved along what it took.

Here belongs what a map alone says. What differs where both show the same is found in `comparing.py`.

Neither holds what the other shows, so that whichever is kept a part of the scene is lost. Two crops of one file, of one size at two
places, lose as much and are apart for the same reason; beside the file itself both are its copies.
"""

from dedup_assets.kernels.verify.evidence import PairEvidence

MAX_BEND = 0.02
"""Of the sides, by which a corner moves otherwise than the middle. Of 16 photographs in 94 edits those that show no more than 0.96
of each other, tilted by 6 degrees or under a perspective, moved their corners by 0.05 and more, views at two places by 0.002."""


def is_panned(evidence: PairEvidence, max_pan: float) -> bool:
    """Whether of two aligned pictures each shows a strip of more than max_pan of it that the other does not, at one scale.

    One of them may be mirrored or turned by quarters: what it lacks is no less.
    """
    least = min(1 - (share or 1.0) for share in (evidence.overlap_left, evidence.overlap_right))
    if evidence.fitted_map is None or not least > max_pan:
        return False
    across, slant, _, tilt, down, _ = map(abs, evidence.fitted_map)
    if slant + tilt > across + down:
        across, slant, tilt, down = slant, across, down, tilt
    return max(abs(across - 1) + slant, abs(down - 1) + tilt) / 2 <= MAX_BEND
