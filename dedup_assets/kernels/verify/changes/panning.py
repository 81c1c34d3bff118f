"""Whether two shots of one size look past each other: a camera that turned a little, or moved along what it took.

Here belongs what a map alone says. What differs where both show the same is found in `comparing.py`.

Neither holds what the other shows, so that whichever is kept a part of the scene is lost. Two crops of one file, of one size at two
places, lose as much and are apart for the same reason; beside the file itself both are its copies.
"""

from dedup_assets.kernels.verify.evidence import PairEvidence

MAX_PANNED_SHARE = 0.95
"""Of both pictures: from a shift of 5 % on. Two random crops of 5 % of the area lie 2.5 % apart at most."""
MAX_BEND = 0.02
"""Of the sides, by which a corner moves otherwise than the middle. Of 16 photographs in 94 edits those that show no more than 0.96
of each other, tilted by 6 degrees or under a perspective, moved their corners by 0.05 and more, views at two places by 0.002."""


def is_panned(evidence: PairEvidence) -> bool:
    """Whether each of two aligned pictures shows a strip that the other does not, and the scale and the horizon are the same."""
    shares = evidence.overlap_left, evidence.overlap_right
    if evidence.fitted_map is None or any(share is None or share > MAX_PANNED_SHARE for share in shares):
        return False
    across, slant, _, tilt, down, _ = evidence.fitted_map
    return max(abs(across - 1) + abs(slant), abs(down - 1) + abs(tilt)) / 2 <= MAX_BEND
