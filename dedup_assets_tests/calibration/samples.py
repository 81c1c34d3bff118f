"""Photographs as calibration sees them, and a policy to measure.

Belongs here: what several tests of calibration share. Does not belong here: tests.
"""

from functools import cache

import numpy as np

from dedup_assets.calibration.ranges import PresentPolicy
from dedup_assets.calibration.seeing import describe_planted
from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.kernels.describe.description import ImageDescription
from dedup_assets.kernels.planted_edits import Picture, jpeg, scaled
from dedup_assets.policies import CandidatePolicy, SimilarityPolicy, VerificationPolicy
from dedup_assets_tests.kernels.photographs import load_photograph

NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg", "ihc.png")
SIDE_PX = 400


@cache
def photograph(name: str) -> Picture:
    """One of the photographs of NAMES, RGB, its longer side SIDE_PX."""
    picture = np.array(load_photograph(name))
    return scaled(picture, SIDE_PX / max(picture.shape[:2]))


@cache
def described(name: str) -> ImageDescription:
    """The description of one of them."""
    return describe_planted(jpeg(photograph(name), 92))


def present_policy() -> PresentPolicy:
    """The default policies and the built-in provider of vectors."""
    return PresentPolicy(CandidatePolicy(), VerificationPolicy(), SimilarityPolicy(), DescriptorEmbedder())
