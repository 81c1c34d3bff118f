"""From a source of images to the curves of every threshold.

Belongs here: the order of the work. Does not belong here: how a pair is followed (`planting.py`, `unrelated.py`), counting
(`counting.py`), what is written of it (`results.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import numpy as np

from dedup_assets.calibration.counting import PointCounter
from dedup_assets.calibration.lookalikes import LOOKALIKES
from dedup_assets.calibration.outcome import Calibration, Sample, SamplePlan
from dedup_assets.calibration.planting import PlantedPair, Planter, Verdicts
from dedup_assets.calibration.sampling import SampleReader, UnreadableSample, choose_sample
from dedup_assets.calibration.seeing import embed_all
from dedup_assets.calibration.thresholds import PresentPolicy
from dedup_assets.calibration.unrelated import (
    JudgedPair,
    SamplePairs,
    judge_lookalikes,
    lookalikes_of,
    same_pictures,
)
from dedup_assets.embedders.protocol import Vectors
from dedup_assets.errors import CalibrationError
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import ImageDescription
from dedup_assets.report.plain_words import counted, visible
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.source import Blob
from dedup_assets.resources.progress import Tracker
from dedup_assets.stages.reading.isolated_decoding import IsolatedDecoder

Track = Callable[[str, int, str], AbstractContextManager[Tracker]]
"""Follows a piece of work: what it is, how much, and of what."""


class _ReadImage(NamedTuple):
    path: str
    file_sha256: bytes
    description: ImageDescription
    vector: Vectors
    planted: list[PlantedPair]


def measure(
    collection: Collection, limits: DecodeLimits, present: PresentPolicy, plan: SamplePlan, track: Track
) -> Calibration:
    """Read a sample of the source, plant edits in it, and measure.

    Raises:
        CalibrationError: fewer than two different images could be read.
        StoreAccessError: the source cannot be listed or read.
    """
    images = collection.images()
    listed, blobs = choose_sample(images, plan.images, plan.seed)
    with (
        IsolatedDecoder(collection.workers, collection.decode_timeout_s) as decoder,
        _threads(collection.workers) as pool,
    ):
        measuring = _Measuring(present, plan, pool, track)
        sample = measuring.read(Sample(listed), blobs, SampleReader(images, decoder, limits))
        if len(sample.descriptions) < 2:
            raise CalibrationError(_too_few(collection.source, sample))
        pairs = SamplePairs(sample.descriptions, np.concatenate(sample.vectors), present)
        return measuring.count(sample, pairs, measuring.judge(pairs), measuring.judge_lookalikes(sample))


class _Measuring:
    """One measurement, its threads and what a person is told meanwhile."""

    def __init__(self, present: PresentPolicy, plan: SamplePlan, pool: Executor, track: Track) -> None:
        self._present, self._plan, self._pool, self._track = present, plan, pool, track
        self._planter = Planter(present, plan.edits_per_image)

    def read(self, sample: Sample, blobs: Sequence[Blob], reader: SampleReader) -> Sample:
        known: set[bytes] = set()

        def work(job: tuple[int, Blob]) -> _ReadImage | UnreadableSample:
            return self._read_one(job[0], job[1], reader)

        with self._track("reading, planting and finding edits", len(blobs), "images") as tracker:
            for read in self._pool.map(work, enumerate(blobs)):
                if isinstance(read, UnreadableSample):
                    sample.unreadable.append(read)
                elif read.file_sha256 in known:
                    sample.same_bytes += 1
                else:
                    known.add(read.file_sha256)
                    sample.add(read.path, read.description, read.vector, read.planted)
                tracker.advance()
        return sample

    def _read_one(self, number: int, blob: Blob, reader: SampleReader) -> _ReadImage | UnreadableSample:
        """The picture itself is let go here: what remains of an image is some 30 kB."""
        read = reader.read(blob)
        if isinstance(read, UnreadableSample):
            return read
        vector = embed_all([read.description], self._present.embedder)
        planted = self._planter.plant(number, read, vector[0])
        return _ReadImage(read.path, read.file_sha256, read.description, vector, planted)

    def judge(self, pairs: SamplePairs) -> list[JudgedPair]:
        hardest = pairs.hardest()
        with self._track("verifying the nearest pairs", len(hardest), "pairs") as tracker:
            return list(pairs.judge(hardest, self._pool, tracker.advance))

    def judge_lookalikes(self, sample: Sample) -> list[tuple[str, Verdicts]]:
        count = lookalikes_of(sample.descriptions) * len(LOOKALIKES)
        with self._track("verifying pictures that agree in part", count, "pairs") as tracker:
            return list(judge_lookalikes(sample.descriptions, self._present, self._pool, tracker.advance))

    def count(
        self,
        sample: Sample,
        pairs: SamplePairs,
        judged: Sequence[JudgedPair],
        lookalikes: Sequence[tuple[str, Verdicts]],
    ) -> Calibration:
        accepted = [each.ends for each in judged if self._accepts(each)]
        known = set(accepted)
        first = same_pictures([] if self._plan.distinct else accepted, len(sample.descriptions))
        unrelated = [each for each in judged if first[each.ends[0]] != first[each.ends[1]]]
        chosen = first[pairs.left] != first[pairs.right]
        candidates = {ends for ends in pairs.candidates() if first[ends[0]] != first[ends[1]]}
        counter = PointCounter(self._present)
        points = [
            *counter.planted(sample.planted),
            *counter.unrelated(pairs, chosen, [each.verdicts for each in unrelated]),
            *counter.lookalikes(lookalikes),
        ]
        return Calibration(
            plan=self._plan,
            present=self._present,
            sample=sample,
            points=points,
            duplicates=accepted,
            let_through=[each.ends for each in unrelated if each.ever_accepted and each.ends not in known],
            unrelated=int(chosen.sum()),
            verified=len(unrelated),
            candidates=(len(candidates), len(candidates & {each.ends for each in unrelated})),
        )

    def _accepts(self, judged: JudgedPair) -> bool:
        """The verdict of the present policy, which stands on the curve of any threshold."""
        (name, verdicts), *_ = judged.verdicts.items()
        return bool(verdicts[self._present.grids([name])[name].index(self._present.values[name])])


@contextmanager
def _threads(workers: int) -> Iterator[Executor]:
    """Threads that end with the pair they are at when the work is interrupted."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _too_few(source: str, sample: Sample) -> str:
    if not sample.listed:
        return f"There are no images in {source}. Give a folder or container with image files in it."
    causes = "".join(f" {visible(f'{each.path}: {each.cause}')}" for each in sample.unreadable[:1])
    return (
        f"Only {len(sample.descriptions)} of {counted(sample.listed, 'image')} in {source} can be used ({len(sample.unreadable)} "
        f"unreadable, {sample.same_bytes} with the bytes of another): at least two different ones are needed.{causes}"
    )
