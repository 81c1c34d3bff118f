"""One measurement that several tests look at."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from dedup_assets.calibration.measuring import measure
from dedup_assets.calibration.outcome import Calibration, SamplePlan
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.planted_edits import jpeg
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import Tracker
from dedup_assets_tests.calibration.samples import NAMES, photograph, present_policy
from dedup_assets_tests.conftest import write_files


def quietly(what: str, total: int, unit: str) -> nullcontext[Tracker]:
    """Follow work and say nothing."""
    return nullcontext(Tracker(what, total, unit, lambda _: None, 1e9))


def files() -> dict[str, bytes]:
    """Six photographs, one of them twice, a smaller copy of another, half a file, and what is no image."""
    whole = {f"photos/{name}.jpg": jpeg(photograph(name), 92) for name in NAMES}
    return whole | {
        "again.jpg": whole["photos/coffee.png.jpg"],
        "smaller.jpg": jpeg(photograph("chelsea.png")[::2, ::2], 60),
        "half.jpg": whole["photos/rocket.jpg.jpg"][:4_000],
        "notes.txt": b"not an image",
    }


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of `files`, to be read only."""
    folder = tmp_path_factory.mktemp("calibrated")
    write_files(folder, files())
    return folder


def measured(source: Path, plan: SamplePlan, workers: int = 1) -> Calibration:
    """Measure the default policies on a folder."""
    collection = Collection(source=str(source), store=str(source.parent / "none"), workers=workers)
    return measure(collection, DecodeLimits(), present_policy(), plan, quietly)


@pytest.fixture(scope="session")
def calibration(source: Path) -> Calibration:
    """The measurement of that folder."""
    return measured(source, SamplePlan(edits_per_image=4))
