"""How coarsely an image was quantized, by its own file or by one before it, as far as its copies give it away.

Here belongs the comparison of images; what one picture shows by itself is in `kernels/describe/compression.py`, what one file
tells in `kernels/decode/losses.py`.
"""

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.compression import step_percent
from dedup_assets.kernels.keep.columns import Columns, Key, Labels, read_number
from dedup_assets.kernels.keep.within import least_among_smaller, least_within

# Where a file was read before its bytes were rated, by the name of its format, as percent of the standard JPEG tables.
LOSSY_PERCENT = MappingProxyType({"GIF": 100.0, "WEBP": 50.0, "AVIF": 50.0, "HEIF": 50.0})

# Blocks stood out by 2.6 gray levels or more in originals of quality 69 .. 90, by less than 0.93 in nine of ten better
# ones. Copies of the former at quality 92 kept 0.53 (turned) to 1.5 of it; of 10 originals of quality 91 or more, 9 had
# 0.37 or less of what their copies at quality 75 have.
MIN_BLOCKINESS = 2.0
MIN_KEPT_BLOCKINESS = 0.55
MIN_SHARED_COARSER = 2.5


# A first encoding has fainter blocks than a coarser one of the same picture: what is finer and blockier, and as sharp, was
# made of one. All of 12 photographs that were saved at quality 70, then at 75, were blockier by 1.1 or more; a picture whose
# pixels had blocks before its first encoding was blockier by 1.064 than its re-save.
MIN_BLOCKIER, MIN_COARSER = 1.08, 1.1
SHARPNESS_STEP = 0.25

# What a camera's JPEG could have been made of is at most twice as fine: from a coarser source a trace would be left.
MAX_FINER = 2.0
FINEST_PERCENT = 8.0
"""Quality 96: below it nobody sees a difference."""


def own_percent(columns: Columns) -> Key:
    """Return how coarsely a file is quantized, in percent of the standard JPEG tables; 0 is lossless."""
    by_table = step_percent(read_number(columns, "jpeg_quality", np.nan))
    rated = read_number(columns, "lossy_percent", np.nan)
    untold = np.where(np.isnan(rated), _format_percent(columns), rated)
    return np.asarray(np.where(np.isnan(by_table), untold, by_table), dtype=np.float64)


def earlier_percent(columns: Columns, peers: Labels) -> Key:
    """Return the coarsest quantization that a picture went through before the file's own, in percent; 0 where none shows.

    peers: labels of the images that show one picture at one size. Either the lattice shows by itself, or blocks stand
    out as they do in a coarser image with the same label, or a coarser file has the very pixels, or the camera's own
    file is there.
    """
    own, blockiness = own_percent(columns), np.maximum(read_number(columns, "blockiness"), 0.01)
    has_table = ~np.isnan(read_number(columns, "jpeg_quality", np.nan))
    blocky = np.where((blockiness >= MIN_BLOCKINESS) & has_table, own, 0.0)
    shared = -least_among_smaller(-blocky, blockiness, 1 / MIN_KEPT_BLOCKINESS, peers)
    shared = np.where(shared >= np.where(has_table, MIN_SHARED_COARSER, 1.0) * own, shared, 0.0)
    alike = (_label_alike(columns, peers, offset) for offset in (0.0, 0.5))
    blockier = -np.minimum(*(least_among_smaller(-blocky, blockiness, 1 / MIN_BLOCKIER, labels) for labels in alike))
    shared = np.where(has_table & (blockier >= MIN_COARSER * own), np.maximum(shared, blockier), shared)
    lattice = np.nan_to_num(step_percent(read_number(columns, "prior_jpeg_quality", np.nan)))
    of_equals = -least_within(-np.maximum(own, lattice), label_equal_pixels(columns, peers))
    of_equals = np.where(of_equals > np.maximum(own, lattice), of_equals, 0.0)
    of_camera = _camera_percent(columns, own, lattice, peers)
    return np.asarray(np.maximum.reduce([shared, lattice, of_equals, of_camera]), dtype=np.float64)


def _label_alike(columns: Columns, peers: Labels, offset: float) -> Labels:
    """Label together the images of one label that are about equally sharp, neither re-toned nor filtered.

    What lies on either side of a step at one offset (0..1 of it) lies together at another.
    """
    steps = np.floor(np.log(read_number(columns, "sharpness") + 0.1) / SHARPNESS_STEP + offset)
    _, which = np.unique(np.stack([peers, steps], axis=1), axis=0, return_inverse=True)
    return np.asarray(which.ravel(), dtype=np.int64)


def label_equal_pixels(columns: Columns, peers: Labels) -> Labels:
    """Label together the images of one label whose pixels are equal, as measures over all of them tell.

    Where these are not known each image has a label of its own.
    """
    known = read_number(columns, "sharpness") > 0
    measures = [read_number(columns, name) for name in ("sharpness", "blockiness", "colourfulness", "upscale_score")]
    alone = np.where(known, -1, np.arange(len(peers)))
    _, which = np.unique(np.stack([peers, alone, *measures], axis=1), axis=0, return_inverse=True)
    return np.asarray(which.ravel(), dtype=np.int64)


def count_facts(columns: Columns) -> Key:
    """Return how many kinds of things a file tells beside its pixels, those of a generation included."""
    facts = columns.get("origin_facts", np.full(len(columns["path"]), ""))
    return np.array([len(str(told).split(", ")) if told else 0 for told in facts]) + read_number(
        columns, "has_metadata"
    )


def _camera_percent(columns: Columns, own: Key, lattice: Key, peers: Labels) -> Key:
    """Return for what was made of a camera's own file how coarse that one is; 0 for all others.

    What a camera writes as HEIC it writes as nothing else, so JPEG beside it is an export, whatever data it has kept. A
    JPEG is a camera's own against those that have lost its data, unless they are too fine to be made of it. Rows of an earlier
    version, without sample_bits, do not tell what their files lack.
    """
    bits = np.asarray(columns.get("sample_bits", np.full(len(own), 8.0)), np.float64)
    facts = columns.get("origin_facts", np.full(len(own), ""))
    has_camera = np.array(["camera" in str(told) for told in facts], dtype=np.bool_) & (lattice == 0)
    formats = np.asarray(columns.get("image_format", np.full(len(own), "")), dtype=np.str_)
    is_heic, deep = has_camera & (formats == "HEIF"), bits > 8
    of_heic = _least_where(is_heic, own, peers)
    of_jpeg = _least_where(has_camera & (formats == "JPEG"), own, peers)
    from_heic = np.isfinite(of_heic) & ~is_heic & ~deep
    has_lost = ~has_camera & ~np.isnan(bits)
    from_jpeg = has_lost & ~deep & (of_jpeg <= MAX_FINER * np.maximum(own, FINEST_PERCENT))
    floor = np.finfo(np.float64).tiny
    return np.where(from_heic, np.maximum(of_heic, floor), np.where(from_jpeg, np.maximum(of_jpeg, floor), 0.0))


def _least_where(chosen: NDArray[np.bool_], values: Key, labels: Labels) -> Key:
    """Return for each row the least value of the chosen ones of its label; inf where there is none."""
    return least_within(np.where(chosen, values, np.inf), labels)


def _format_percent(columns: Columns) -> Key:
    formats = columns.get("image_format", np.full(len(columns["path"]), "JPEG"))
    names, which = np.unique(np.asarray(formats, dtype=np.str_), return_inverse=True)
    return np.array([LOSSY_PERCENT.get(str(name), 0.0) for name in names])[which]
