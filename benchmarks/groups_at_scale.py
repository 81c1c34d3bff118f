"""Cost of searching and grouping: `python benchmarks/groups_at_scale.py --images 100000 300000 1000000 --folder FOLDER`.

Writes the tables of a store as the earlier stages would leave them (made-up hashes, groups of 1 to 6 copies in 85 % of the
images, tiny thumbnails), then runs `wavelet_groups` and `representatives` over them, each in a process of its own: CPU seconds
and peak memory. Verdicts are made up too: pairs of one group pass. `--listed` writes all pairs of each group instead of
searching for them. `--crowd identical|reencoded` makes all images copies of one
photograph instead (one file; or different files whose hashes are those of 2,000 real re-encodes), whose pairs are really
verified. Prints Markdown.
"""

import argparse
import io
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

IMAGES_A_PARTITION = 20_000
STAGES = ("wavelet_groups", "verified_groups", "representatives", "dedup_report")


def make_store(folder: Path, count: int, crowd: str | None) -> None:
    """Write image_manifest, image_features and metadata_hashes of `count` images."""
    from dedup_assets.resources.collection import Collection
    from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST

    (folder / "source").mkdir(parents=True)
    tables = Collection(source=str(folder / "source"), store=str(folder / "store")).tables()
    random = np.random.default_rng(count)
    seen = real_reencodes() if crowd else None
    for start in range(0, count, IMAGES_A_PARTITION):
        rows = np.arange(start, min(count, start + IMAGES_A_PARTITION))
        key = f"prefix {start // IMAGES_A_PARTITION:03d}"
        described = made_up(rows, random) if seen is None else of_one_photograph(rows, crowd == "identical", seen)
        names = pl.DataFrame(
            {
                "image_id": scrambled(rows),
                "path": [f"{key}/image {row}.jpg" for row in rows],
                "etag": [f"{row}" for row in rows],
                "size_bytes": 200_000 + rows % 977,
            }
        )
        times = pl.Series([datetime(2024, 1, 1, tzinfo=UTC)] * len(rows), dtype=pl.Datetime("us", "UTC"))
        tables.rewrite(IMAGE_MANIFEST, key, names.with_columns(created_at=times, modified_at=times), "made")
        filled = pl.concat([names, described], how="horizontal")
        absent = [
            pl.lit(None, column.dtype).alias(column.name)
            for column in IMAGE_FEATURES.columns
            if column.name not in filled.columns
        ]
        commit = tables.commit_of(IMAGE_FEATURES, key)
        for part in filled.with_columns(absent).iter_slices(1_000):
            commit = tables.append(commit, IMAGE_FEATURES, part)


def scrambled(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distinct positive ids in no order."""
    return ((rows + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(1)).astype(np.int64)


def sha_of(rows: NDArray[np.int64]) -> list[bytes]:
    """Made-up SHA-256 of made-up files, in no order."""
    words = np.stack(
        [(rows.astype(np.uint64) + np.uint64(n)) * np.uint64(0xD6E8FEB86659FD93 + 2 * n) for n in range(4)], axis=1
    )
    return [row.tobytes() for row in words ^ (words >> np.uint64(31))]


def group_of(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """15 % of the images alone, the others in groups of 2, 4 and 6 that span partitions."""
    kind, number = rows % 20, rows // 20
    sizes = np.select([kind < 3, kind < 9, kind < 13], [1, 2, 4], 6)
    return np.asarray(np.where(sizes == 1, rows, (number // sizes) * 20 + kind) * 8 + sizes, np.int64)


def made_up(rows: NDArray[np.int64], random: np.random.Generator) -> pl.DataFrame:
    """Hashes of each group at random, up to 12 bits flipped in each image."""
    groups = group_of(rows)
    codes = np.stack([np.random.default_rng(int(group)).integers(0, 256, (2, 32), dtype=np.uint8) for group in groups])
    flips = random.random((len(rows), 2, 256)) < random.uniform(0, 12 / 256, (len(rows), 1, 1))
    codes ^= np.packbits(flips, axis=2)
    gray = [bytes([int(group) % 251]) * 4096 for group in groups]
    return described(sha_of(rows), codes[:, 0], codes[:, 1], gray, [b"thumbnail"] * len(rows))


def described(
    sha: list[bytes],
    dct: NDArray[np.uint8],
    wavelet: NDArray[np.uint8],
    gray: list[bytes],
    thumbnails: list[bytes],
    color: bytes = bytes(192),
) -> pl.DataFrame:
    count = len(sha)
    random = np.random.default_rng(count)
    return pl.DataFrame(
        {
            "file_sha256": sha,
            "dct_hash": [code.tobytes() for code in dct],
            "wavelet_hash": [code.tobytes() for code in wavelet],
            "gray_64": gray,
            "thumbnail": thumbnails,
            "color_8": [color] * count,
            "width_px": random.integers(500, 4000, count).astype(np.int32),
            "height_px": random.integers(500, 4000, count).astype(np.int32),
            "jpeg_quality": random.integers(60, 98, count).astype(np.int32),
        }
    ).with_columns(
        feature_version=pl.lit(1, pl.Int32), decode_status=pl.lit("ok"), image_format=pl.lit("JPEG"), color_mode=pl.lit("RGB"),
        exif_orientation=pl.lit(1, pl.Int32), contrast=pl.lit(60.0), detail=pl.lit(20.0), dominant_colors=pl.lit(4, pl.Int32),
        colourfulness=pl.lit(30.0), sharpness=pl.lit(8.0), bits_per_pixel=pl.lit(2.0), chroma_subsampling=pl.lit("4:2:0"),
        blockiness=pl.lit(0.5), upscale_score=pl.lit(0.1),
    )  # fmt: skip


def real_reencodes() -> list[tuple[NDArray[np.uint8], bytes, bytes]]:
    """gray_64, thumbnail and color_8 of 2,000 re-encodes of one photograph."""
    import skimage
    from PIL import Image

    from dedup_assets.kernels.decode.image import DecodeLimits
    from dedup_assets.kernels.describe.description import describe_image

    random, photo = np.random.default_rng(3), Image.open(Path(skimage.__file__).parent / "data" / "chelsea.png")
    found = []
    for number in range(2_000):
        share = random.uniform(0.5, 1) if number % 2 else 1.0
        picture = photo.resize((round(photo.width * share), round(photo.height * share)), Image.Resampling.LANCZOS)
        sink = io.BytesIO()
        picture.save(sink, ("JPEG", "WEBP")[number % 3 == 0], quality=int(random.integers(40, 96)))
        seen = describe_image(sink.getvalue(), DecodeLimits())
        found.append((seen.gray_64, seen.thumbnail, seen.color_8))
    return found


def of_one_photograph(
    rows: NDArray[np.int64], identical: bool, seen: list[tuple[NDArray[np.uint8], bytes, bytes]]
) -> pl.DataFrame:
    from dedup_assets.kernels.describe.hashes import dct_hashes, wavelet_hashes

    which = np.zeros(len(rows), np.int64) if identical else (rows * 7_919) % len(seen)
    grays = np.stack([seen[number][0] for number in which])
    sha = sha_of(np.zeros_like(rows) if identical else rows)
    gray, thumbnails = [each.tobytes() for each in grays], [seen[number][1] for number in which]
    return described(sha, dct_hashes(grays), wavelet_hashes(grays), gray, thumbnails, seen[0][2])


def list_pairs(folder: Path, count: int) -> None:
    """Write all pairs of each group, as `wavelet_groups` would list them."""
    from dedup_assets.resources.collection import Collection
    from dedup_assets.stages.pairs.contents import number_contents, order_pair_ends
    from dedup_assets.stages.pairs.hashed_contents import read_class_names
    from dedup_assets.tables import WAVELET_GROUPS

    tables = Collection(source=str(folder / "source"), store=str(folder / "store")).tables()
    rows = np.arange(count)
    groups, images = group_of(rows), pl.DataFrame({"id": scrambled(rows), "sha256": sha_of(rows)})
    contents = images["sha256"].sort()
    names = read_class_names(tables, contents)[number_contents(contents, images["sha256"])]
    images = images.with_columns(pl.Series("class", names))
    order = np.argsort(groups, kind="stable")
    steps = [np.stack([order[:-step], order[step:]], axis=1) for step in range(1, 6)]
    pairs = np.concatenate([ends[groups[ends[:, 0]] == groups[ends[:, 1]]] for ends in steps])
    for number in range(-(-count // IMAGES_A_PARTITION)):
        own = pairs[pairs[:, 0] // IMAGES_A_PARTITION == number]
        ends = [
            images[own[:, at]].rename(lambda name, side=side: f"{side}_{name}")
            for at, side in enumerate(("left", "right"))
        ]
        named = order_pair_ends(pl.concat(ends, how="horizontal")).with_columns(
            dct_distance=pl.lit(6), wavelet_distance=pl.lit(6), transform=pl.lit("identity"), same_recipe=pl.lit(False),
            stands_for_more=pl.lit(False),
        )  # fmt: skip
        tables.rewrite(WAVELET_GROUPS, f"prefix {number:03d}", named.select(WAVELET_GROUPS.column_names), "made")


def make_verdicts(folder: Path) -> None:
    """Verdicts on all listed pairs, passed, as `verified_groups` would write them."""
    from dedup_assets.policies import VerificationPolicy
    from dedup_assets.resources.collection import Collection
    from dedup_assets.tables import VERIFIED_GROUPS, WAVELET_GROUPS

    tables = Collection(source=str(folder / "source"), store=str(folder / "store")).tables()
    for key in tables.partitions(WAVELET_GROUPS):
        pairs = tables.read(WAVELET_GROUPS, key).filter(~pl.col("stands_for_more"))
        made = pairs.with_columns(
            verdict=pl.lit(True), level=pl.lit("near"), decided_by=pl.lit("global_structure"),
            policy_version=pl.lit(VerificationPolicy().version),
        )  # fmt: skip
        absent = [
            pl.lit(None, column.dtype).alias(column.name)
            for column in VERIFIED_GROUPS.columns
            if column.name not in made.columns
        ]
        tables.rewrite(VERIFIED_GROUPS, key, made.with_columns(absent).select(VERIFIED_GROUPS.column_names), "made")


def run_stage(folder: Path, name: str) -> None:
    """Materialize one asset over all partitions, and print its seconds of CPU, peak memory, rows and what it verified."""
    import importlib

    import dagster as dg

    from dedup_assets.automation.prefixes import PREFIXES, range_tags
    from dedup_assets.definitions import build_resources
    from dedup_assets.resources.collection import Collection
    from dedup_assets.settings import Settings
    from dedup_assets.tables import IMAGE_FEATURES, TABLES

    collection = Collection(source=str(folder / "source"), store=str(folder / "store"), workers=1)
    module = importlib.import_module(f"dedup_assets.assets.{name}")
    tables, table = collection.tables(), next(table for table in TABLES if table.name == name)
    keys = tables.partitions(IMAGE_FEATURES)
    before = time.process_time()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(PREFIXES, keys)
        result = dg.materialize(
            [getattr(module, name)], instance=instance, resources=build_resources(Settings()) | {"collection": collection},
            tags=range_tags(keys), run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )  # fmt: skip
    cpu_s = time.process_time() - before
    metadata = [
        event.step_materialization_data.materialization.metadata for event in result.get_asset_materialization_events()
    ]
    counts = [note["verified_pairs"].value for note in metadata if "verified_pairs" in note]
    verified = sum(count for count in counts if isinstance(count, int))
    rows = sum(tables.commit_of(table, key).rows for key in keys)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cpu_s:.0f} | {peak_mb:.0f} | {rows:,} | {verified:,}", flush=True)


def measure(folder: Path, count: int, crowd: str | None, listed: bool) -> None:
    """Print a row a stage."""
    place = folder / f"{crowd or 'groups'} {count}"
    in_process("--make", str(count), str(place), crowd)
    for stage in STAGES:
        if stage == "wavelet_groups" and listed:
            in_process("--pairs", str(count), str(place), crowd)
            continue
        if stage == "verified_groups" and crowd is None:
            in_process("--verdicts", "", str(place), crowd)
            continue
        print(
            f"| {crowd or 'small groups'} | {count:,} | {stage} | {in_process('--stage', stage, str(place), crowd)} |",
            flush=True,
        )


def in_process(option: str, value: str, place: str, crowd: str | None) -> str:
    """Run one step in a process of its own, whose peak memory is its own."""
    command = [sys.executable, __file__, option, value, "--folder", place, *(["--crowd", crowd] if crowd else [])]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--images", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    ask.add_argument(
        "--folder", type=Path, required=True, help="An empty folder for the made-up stores, 5 GB a million images"
    )
    ask.add_argument("--crowd", choices=["identical", "reencoded"])
    ask.add_argument("--listed", action="store_true", help="Write the pairs of small groups instead of searching")
    ask.add_argument("--pairs", type=int, help=argparse.SUPPRESS)
    ask.add_argument("--make", type=int, help=argparse.SUPPRESS)
    ask.add_argument("--stage", help=argparse.SUPPRESS)
    ask.add_argument("--verdicts", help=argparse.SUPPRESS)
    want = ask.parse_args()
    if want.make is not None:
        make_store(want.folder, want.make, want.crowd)
    elif want.stage:
        run_stage(want.folder, want.stage)
    elif want.pairs is not None:
        list_pairs(want.folder, want.pairs)
    elif want.verdicts is not None:
        make_verdicts(want.folder)
    else:
        print(
            "| images are | count | stage | CPU, s | peak RSS, MB | rows | pairs verified |\n|---|---:|---|---:|---:|---:|---:|"
        )
        for count in want.images:
            measure(want.folder, count, want.crowd, want.listed)


if __name__ == "__main__":
    main()
