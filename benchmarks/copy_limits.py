"""Measure providers of vectors on planted edits of photographs, and what their cosine limits find and let through.

    python benchmarks/copy_limits.py PHOTOGRAPHS [--onnx sscd_distilled.onnx --onnx sscd.onnx] [--photographs 600] [--edits 11]

Every kind of `kernels/planted_kinds.py` that edits the photograph itself is planted, `--edits` of them in each photograph in
turn, and all is described from thumbnails as `image_features` makes them. Every second photograph is to choose limits by, the
others are to check them; a pair of an edit and another photograph is unrelated. Printed for either half: CPU ms an image
(preparing included, thumbnails not), recall where a share of the unrelated pairs is let through, the share that recall of 98 %
lets through, and both for a range of limits; then the kinds that a limit loses most of.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.embedders.chain import choose_embedder
from dedup_assets.embedders.protocol import Embedder, Image
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.kernels.decode.limits import DecodeLimits
from dedup_assets.kernels.describe.description import sketch_image
from dedup_assets.kernels.planted_kinds import PLANTED_EDITS
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail

EDITS = tuple(edit for edit in PLANTED_EDITS if edit.family != "different" and not edit.base)
SHARES, RECALL, EMBEDDED_AT_ONCE = (1e-4, 1e-5), 0.98, 64
LIMITS = (0.18, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)


class Sample(NamedTuple):
    """Thumbnails of photographs and of their edits: of which photograph, and of what kind, each edit is."""

    originals: list[Image]
    copies: list[Image]
    own: NDArray[np.intp]
    kinds: NDArray[np.str_]


def thumbnail(data: bytes) -> Image:
    return decode_thumbnail(sketch_image(data, DecodeLimits()).thumbnail)


def plant(paths: Sequence[Path], edits: int) -> Sample:
    originals, copies, own, kinds = [], [], [], []
    for number, path in enumerate(paths):
        data = path.read_bytes()
        originals.append(thumbnail(data))
        picture = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)
        for each in range(number * edits, (number + 1) * edits):
            edit = EDITS[each % len(EDITS)]
            copies.append(thumbnail(edit.apply(picture)))
            own.append(number)
            kinds.append(edit.name)
    return Sample(originals, copies, np.array(own), np.array(kinds))


def measure(embedder: Embedder, sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Cosines of the edits with their own photographs and with all others, and CPU seconds an image."""
    pictures = [*sample.originals, *sample.copies]
    began = time.process_time()
    parts = [embedder.embed(pictures[start : start + EMBEDDED_AT_ONCE]) for start in range(0, len(pictures), 64)]
    seconds = (time.process_time() - began) / len(pictures)
    vectors = np.nan_to_num(np.concatenate(parts))
    cosines = vectors[len(sample.originals) :] @ vectors[: len(sample.originals)].T
    is_own = sample.own[:, None] == np.arange(len(sample.originals))
    return cosines[is_own], cosines[~is_own], seconds


def report(name: str, true: NDArray[np.float32], unrelated: NDArray[np.float32], seconds: float) -> None:
    print(
        f"\n{name}: {1000 * seconds:.1f} ms of CPU an image; {len(true):,} copies, {len(unrelated):,} unrelated pairs"
    )
    for share in SHARES:
        limit = float(np.quantile(unrelated, 1 - share))
        print(f"  {share:g} of unrelated let through: recall {np.mean(true >= limit):.4f}, limit {limit:.3f}")
    limit = float(np.quantile(true, 1 - RECALL))
    print(f"  recall {RECALL:.0%}: {np.mean(unrelated >= limit):.5%} of unrelated let through, limit {limit:.3f}")
    for limit in LIMITS:
        found, through = np.mean(true >= limit), np.mean(unrelated >= limit)
        print(f"  limit {limit:.2f}: recall {found:.4f}, {through:.5%} of unrelated let through")
    print(f"  highest unrelated {unrelated.max():.3f}")


def report_kinds(sample: Sample, true: NDArray[np.float32], limit: float) -> None:
    shares = {kind: float(np.mean(true[sample.kinds == kind] >= limit)) for kind in np.unique(sample.kinds)}
    hardest = sorted(shares.items(), key=lambda each: each[1])[:5]
    print(f"  hardest at {limit:.2f}: " + ", ".join(f"{kind} {share:.3f}" for kind, share in hardest))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--onnx", action="append", default=[], help="ONNX files, or names of the extra [sscd]")
    ask.add_argument("--without-descriptor", action="store_true")
    ask.add_argument("--photographs", type=int, default=600)
    ask.add_argument("--edits", type=int, default=11, help="kinds a photograph")
    want = ask.parse_args()
    cv2.setNumThreads(1)
    settings = [EmbedderSettings(onnx_model=model, devices=["cpu"]) for model in want.onnx]
    choices = [] if want.without_descriptor else [choose_embedder(["descriptor"], EmbedderSettings())]
    choices += [choose_embedder(["onnx"], each) for each in settings]
    paths = sorted(path for path in want.folder.rglob("*") if path.is_file())[: want.photographs]
    for half, name in ((paths[::2], "to choose"), (paths[1::2], "to check")):
        sample = plant(half, want.edits)
        for choice in choices:
            embedder = choice.embedder
            true, unrelated, seconds = measure(embedder, sample)
            report(f"{embedder.model}, {len(half)} photographs {name}", true, unrelated, seconds)
            report_kinds(sample, true, embedder.min_copy_cosine)


if __name__ == "__main__":
    main()
