"""From a source of images to the curves of every threshold.

Belongs here: the order of the work. Does not belong here: how a pair is followed (`planting.py`, `unrelated.py`), counting
(`counting.py`), what is written of it (`results.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any, TypeVar

import numpy as np

from dedup_assets.calibration.counting import PointCounter
from dedup_assets.calibration.outcome import Calibration, ReadImage, Sample, SamplePlan
from dedup_assets.calibration.pair_judge import Verdicts
from dedup_assets.calibration.planting import edits_of, plant
from dedup_assets.calibration.ranges import PresentPolicy
from dedup_assets.calibration.sampling import SampledImage, UnreadableSample, choose_sample, read_image
from dedup_assets.calibration.seeing import embed_all
from dedup_assets.calibration.unrelated import Ends, SamplePairs, judge_lookalike, lookalikes_of, same_pictures
from dedup_assets.errors import CalibrationError
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.report.plain_words import counted, visible
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.source import Blob
from dedup_assets.resources.progress import Tracker
from dedup_assets.stages.reading.isolated_decoding import IsolatedDecoder

Result = TypeVar("Result")
Track = Callable[[str, int, str], AbstractContextManager[Tracker]]
"""Follows a piece of work: what it is, how much, and of what."""


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
    with IsolatedDecoder(collection.workers, collection.decode_timeout_s) as decoder, ExitStack() as ending:
        pool = ThreadPoolExecutor(collection.workers)
        ending.callback(pool.shutdown, cancel_futures=True)  # ends with the pairs at work when it is interrupted
        each = partial(_each, pool, track)
        read = partial(_read_and_plant, partial(read_image, images, decoder, limits), present, plan)
        sample = _sampled(listed, each("reading, planting and finding edits", "images", read, list(enumerate(blobs))))
        if len(sample.images) < 2:
            raise CalibrationError(_too_few(collection.source, sample))
        descriptions = [image.description for image in sample.images]
        pairs = SamplePairs(descriptions, np.concatenate([image.vector for image in sample.images]), present)
        hardest = pairs.hardest()
        judged = list(each("verifying the nearest pairs", "pairs", pairs.judge, list(hardest.items())))
        judge = partial(judge_lookalike, descriptions, present)
        jobs = lookalikes_of(len(descriptions))
        lookalikes = list(each("verifying pictures that agree in part", "pairs", judge, jobs))
    return _counted(plan, present, sample, pairs, dict(zip(hardest, judged, strict=True)), lookalikes)


def _each(
    pool: Executor, track: Track, what: str, unit: str, work: Callable[..., Result], jobs: Sequence[tuple[Any, ...]]
) -> Iterator[Result]:
    """The results of all jobs in their order, which a person is told of as they come."""
    with track(what, len(jobs), unit) as tracker:
        for done in pool.map(lambda job: work(*job), jobs):
            yield done
            tracker.advance()


def _read_and_plant(
    read_blob: Callable[[Blob], SampledImage | UnreadableSample],
    present: PresentPolicy,
    plan: SamplePlan,
    number: int,
    blob: Blob,
) -> ReadImage | UnreadableSample:
    """The picture itself is let go here."""
    read = read_blob(blob)
    if isinstance(read, UnreadableSample):
        return read
    vector = embed_all([read.description], present.embedder)
    planted = plant(present, edits_of(number, plan.edits_per_image), read, vector[0])
    return ReadImage(read.path, read.file_sha256, read.description, vector, planted)


def _sampled(listed: int, found: Iterable[ReadImage | UnreadableSample]) -> Sample:
    sample, known = Sample(listed), set()
    for read in found:
        if isinstance(read, UnreadableSample):
            sample.unreadable.append(read)
        elif read.file_sha256 in known:
            sample.same_bytes += 1
        else:
            known.add(read.file_sha256)
            sample.images.append(read)
    return sample


def _counted(
    plan: SamplePlan,
    present: PresentPolicy,
    sample: Sample,
    pairs: SamplePairs,
    judged: Mapping[Ends, Verdicts],
    lookalikes: Sequence[tuple[str, Verdicts]],
) -> Calibration:
    accepted = [ends for ends, verdicts in judged.items() if _accepts(present, verdicts)]
    first = same_pictures([] if plan.distinct else accepted, len(sample.images))
    unrelated = {ends: verdicts for ends, verdicts in judged.items() if first[ends[0]] != first[ends[1]]}
    chosen = first[pairs.left] != first[pairs.right]
    candidates = {ends for ends in pairs.candidates() if first[ends[0]] != first[ends[1]]}
    ever_accepted = {ends for ends, verdicts in unrelated.items() if any(each.any() for each in verdicts.values())}
    counter = PointCounter(present)
    points = [
        *counter.planted(sample.planted),
        *counter.unrelated(pairs, chosen, list(unrelated.values())),
        *counter.lookalikes(lookalikes),
    ]
    return Calibration(
        plan=plan,
        present=present,
        sample=sample,
        points=points,
        duplicates=accepted,
        let_through=sorted(ever_accepted - set(accepted)),
        unrelated=int(chosen.sum()),
        verified=len(unrelated),
        candidates=(len(candidates), len(candidates & unrelated.keys())),
    )


def _accepts(present: PresentPolicy, verdicts: Verdicts) -> bool:
    """The verdict of the present policy, which stands on the curve of any threshold."""
    name = next(iter(verdicts))
    return bool(verdicts[name][present.grids([name])[name].index(present.values[name])])


def _too_few(source: str, sample: Sample) -> str:
    if not sample.listed:
        return f"There are no images in {source}. Give a folder or container with image files in it."
    causes = "".join(f" {visible(f'{each.path}: {each.cause}')}" for each in sample.unreadable[:1])
    return (
        f"Only {len(sample.images)} of {counted(sample.listed, 'image')} in {source} can be used ({len(sample.unreadable)} "
        f"unreadable, {sample.same_bytes} with the bytes of another): at least two different ones are needed.{causes}"
    )
