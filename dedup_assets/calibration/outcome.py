"""What calibration is asked for, and what comes of it.

Belongs here: the plan, the sample as it was read, and the finished measurement. Does not belong here: making any of them.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from dedup_assets.calibration.curves import CurvePoint
from dedup_assets.calibration.planting import PlantedPair
from dedup_assets.calibration.ranges import PresentPolicy
from dedup_assets.calibration.sampling import UnreadableSample
from dedup_assets.embedders.protocol import Vectors
from dedup_assets.kernels.describe.description import ImageDescription


@dataclass(frozen=True)
class SamplePlan:
    """What is measured: how many images, which of them, how many edits in each; `distinct` if no two show the same."""

    images: int = 500
    seed: int = 0
    edits_per_image: int = 4
    distinct: bool = False


class ReadImage(NamedTuple):
    """What remains of one image, some 30 kB: its description, its vector (1, d), and what was planted in it."""

    path: str
    file_sha256: bytes
    description: ImageDescription
    vector: Vectors
    planted: list[PlantedPair]


@dataclass
class Sample:
    """What was read of the images listed: one of each content, which could not be read, and how many came again."""

    listed: int
    images: list[ReadImage] = field(default_factory=list)
    unreadable: list[UnreadableSample] = field(default_factory=list)
    same_bytes: int = 0

    @property
    def planted(self) -> list[PlantedPair]:
        """All that was planted, image by image."""
        return [pair for image in self.images for pair in image.planted]


@dataclass(frozen=True)
class Calibration:
    """All that was measured.

    duplicates   pairs of the sample that the present policy accepts, as numbers of images; set aside unless `distinct`
    let_through  other pairs of it, which are accepted at another value of some threshold
    unrelated    pairs of different pictures in the sample
    verified     how many of these, the hardest, were verified
    candidates   how many of these the present policy would verify, and how many of those were
    """

    plan: SamplePlan
    present: PresentPolicy
    sample: Sample
    points: list[CurvePoint]
    duplicates: list[tuple[int, int]]
    let_through: list[tuple[int, int]]
    unrelated: int
    verified: int
    candidates: tuple[int, int]
