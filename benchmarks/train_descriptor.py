"""Train the parameters of the built-in descriptor (dedup_assets/kernels/vectors/vlad.py) on a folder of photographs.

    python benchmarks/train_descriptor.py PHOTOS [--every 2] [--offset 0] [--out FILE] [--features]

With `--features` it trains instead what local features are stored by (dedup_assets/kernels/verify/stored_features.py), on the
photographs as they are; a changed file needs another FEATURES_VERSION.

Every photograph is used as it is and in 12 random edits, so that what edits change gets little weight and what
tells pictures apart gets much. The same photographs and arguments give the same parameters. Only means, centres and
principal components are kept; no picture can be recovered from them. 300 photographs take about 3 minutes on one core.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.sift import detect_sift, mirror_sift, root_sift
from dedup_assets.kernels.vectors.vlad import (
    DIMENSION,
    PARAMETERS_FILE,
    DescriptorParameters,
    aggregate,
    of_both_hands,
)
from dedup_assets.kernels.verify import stored_features
from dedup_assets.kernels.verify.stored_features import BITS, CODE_LENGTH, EVEN_BITS, FeatureParameters

VERSION = "2"
LOCAL_DIMENSION = 64
CENTRES = 64
EDITS_A_PHOTOGRAPH = 12
LOCAL_SAMPLE = 150_000
KMEANS_ROUNDS = 25
TURNS = 40
LARGEST_SIDE_PX = 800
SEED = 20261120

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


def read_photographs(folder: Path, every: int, offset: int) -> Iterator[Image]:
    """Every `every`-th photograph by sorted name as RGB; flat or tiny ones are left out."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file())[offset::every]:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None or min(image.shape[:2]) < 200 or image.std() < 12:
            continue
        yield resized(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8), LARGEST_SIDE_PX)


def resized(image: Image, longer_side: float) -> Image:
    """The image with its longer side at most `longer_side` px."""
    scale = longer_side / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def edited(image: Image, rng: np.random.Generator) -> Image:
    """One random edit: what people do to pictures that they copy."""
    for share, edit in (
        (0.7, _crop),
        (0.5, _turn),
        (0.5, _warp),
        (0.25, _frame),
        (0.25, _shrink),
        (0.5, _retone),
        (0.5, _compress),
    ):
        if rng.random() < share:
            image = edit(image, rng)
    return image


def _crop(image: Image, rng: np.random.Generator) -> Image:
    side = rng.uniform(0.35, 0.95) ** 0.5
    height, width = (int(length * side) for length in image.shape[:2])
    top, left = rng.integers(image.shape[0] - height + 1), rng.integers(image.shape[1] - width + 1)
    return image[top : top + height, left : left + width]


def _turn(image: Image, rng: np.random.Generator) -> Image:
    turned = np.rot90(image, int(rng.integers(4)))
    return np.ascontiguousarray(turned[:, ::-1] if rng.random() < 0.5 else turned)


def _warp(image: Image, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-0.08, 0.08, (4, 2)).astype(np.float32) * np.array([width, height], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return np.asarray(cv2.warpPerspective(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _frame(image: Image, rng: np.random.Generator) -> Image:
    top, bottom, left, right = (int(share * min(image.shape[:2])) for share in rng.uniform(0, 0.35, 4))
    colour = [int(value) for value in rng.integers(0, 256, 3)]
    return np.asarray(cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour), np.uint8)


def _shrink(image: Image, rng: np.random.Generator) -> Image:
    return resized(image, rng.uniform(90, 220))


def _retone(image: Image, rng: np.random.Generator) -> Image:
    toned = image * rng.uniform(0.65, 1.35) + rng.uniform(-10, 10) + rng.normal(0, rng.uniform(0, 6), image.shape)
    return np.asarray(
        cv2.GaussianBlur(np.clip(toned, 0, 255).astype(np.uint8), (0, 0), rng.uniform(0.1, 1.6)), np.uint8
    )


def _compress(image: Image, rng: np.random.Generator) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def principal_components(vectors: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    """Mean (d,), directions (d, count) by falling variance, and the variances (count,)."""
    mean = vectors.mean(axis=0)
    covariance = np.cov((vectors - mean).T.astype(np.float64))
    variances, directions = np.linalg.eigh(covariance)
    return mean, directions[:, ::-1][:, :count].astype(np.float32), variances[::-1][:count].astype(np.float32)


def train(features: list[Floats]) -> DescriptorParameters:
    """Parameters from the local features of each picture."""
    import faiss

    rng = np.random.default_rng(SEED)
    pool = np.concatenate(features)
    sample = pool[rng.choice(len(pool), min(LOCAL_SAMPLE, len(pool)), replace=False)]
    local_mean, local_projection, _ = principal_components(sample, LOCAL_DIMENSION)
    kmeans = faiss.Kmeans(LOCAL_DIMENSION, CENTRES, niter=KMEANS_ROUNDS, seed=SEED % 1000)
    kmeans.train(np.ascontiguousarray((sample - local_mean) @ local_projection))
    centres, nothing = np.asarray(kmeans.centroids, np.float32), np.zeros(0, np.float32)
    parameters = rounded(DescriptorParameters(VERSION, local_mean, local_projection, centres, nothing, nothing))
    vlads = np.stack([aggregate(local, parameters) for local in features if len(local)])
    mean, directions, variances = principal_components(vlads, DIMENSION)
    projection: Floats = np.ascontiguousarray((directions / np.sqrt(variances)).T, np.float32) * np.float32(0.01)
    return rounded(parameters._replace(projection=projection, offset=np.asarray(projection @ mean, np.float32)))


def rounded(parameters: DescriptorParameters) -> DescriptorParameters:
    """The parameters as the half-precision file will give them back."""
    arrays = (array.astype(np.float16).astype(np.float32) for array in parameters[1:])
    return DescriptorParameters(parameters.version, *arrays)


def save_parameters(parameters: DescriptorParameters, path: Path) -> None:
    """Write the parameters in half precision; the same parameters give the same bytes."""
    np.savez(
        path,
        version=np.array(parameters.version),
        local_mean=parameters.local_mean.astype(np.float16),
        local_projection=parameters.local_projection.astype(np.float16),
        centres=parameters.centres.astype(np.float16),
        projection=parameters.projection.astype(np.float16),
        offset=parameters.offset.astype(np.float16),
    )


def train_features(sift: Image) -> FeatureParameters:
    """The projections by which descriptors (n, 128) uint8 are stored, each even or odd under the mirror permutation."""
    rooted = root_sift(sift)
    mirrored = mirror_sift(rooted)
    mean = (rooted + mirrored).mean(axis=0) / 2
    halves = [(rooted + mirrored) / 2 - mean, (rooted - mirrored) / 2]
    spectra = [np.linalg.eigh(half.T.astype(np.float64) @ half / len(half)) for half in halves]
    variances = np.concatenate([each[0] for each in spectra])
    directions = np.concatenate([each[1] for each in spectra], axis=1)
    basis = directions[:, np.argsort(-variances, kind="stable")[:CODE_LENGTH]]
    kept = [each[1][:, ::-1][:, :count] for each, count in zip(spectra, (EVEN_BITS, BITS - EVEN_BITS), strict=True)]
    rng = np.random.default_rng(SEED)
    turned = [axes @ balanced_turn(half @ axes, rng) for half, axes in zip(halves, kept, strict=True)]
    projection = np.concatenate(turned, axis=1)
    medians = np.median(rooted @ projection, axis=0)
    medians[EVEN_BITS:] = 0
    return FeatureParameters(*(each.astype(np.float32) for each in (mean, basis, projection, medians)))


def balanced_turn(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The rotation (d, d) after which the signs of values (n, d) lose least of them (Gong & Lazebnik, CVPR 2011)."""
    turn = np.linalg.qr(rng.standard_normal((values.shape[1], values.shape[1])))[0]
    for _ in range(TURNS):
        left, _, right = np.linalg.svd(np.sign(values @ turn).T @ values)
        turn = (left @ right).T
    return turn


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("photos", type=Path)
    ask.add_argument("--every", type=int, default=1, help="use every n-th photograph by sorted name")
    ask.add_argument("--offset", type=int, default=0)
    ask.add_argument("--out", type=Path)
    ask.add_argument("--features", action="store_true", help="train what local features are stored by")
    want = ask.parse_args()
    rng = np.random.default_rng(SEED)
    photographs = read_photographs(want.photos, want.every, want.offset)
    if want.features:
        sift = np.concatenate([detect_sift(resized(image, 256)).descriptors for image in photographs])
        arrays = {name: array.astype(np.float16) for name, array in train_features(sift)._asdict().items()}
        np.savez(want.out or stored_features.PARAMETERS_FILE, **arrays)
        return print(f"{len(sift)} local features")
    features = []
    for image in photographs:
        edits = (edited(image, rng) for _ in range(EDITS_A_PHOTOGRAPH))
        features += [of_both_hands(detect_sift(resized(picture, 256))) for picture in (image, *edits)]
    out = want.out or PARAMETERS_FILE
    save_parameters(train(features), out)
    return print(
        f"{len(features)} pictures, {sum(map(len, features))} local features, {out} {out.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
