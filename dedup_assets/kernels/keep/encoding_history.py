"""How coarsely an image was quantized, by its own file or by one before it, as far as its copies give it away.

Here belongs the comparison of images; what one picture shows by itself is in `kernels/describe/compression.py`.
"""

from types import MappingProxyType

import numpy as np

from dedup_assets.kernels.describe.compression import step_percent
from dedup_assets.kernels.keep.columns import Columns, Key, Labels, read_number
from dedup_assets.kernels.keep.within import least_among_smaller

# Formats without quantization tables: none loses anything but these, rated as percent of the standard JPEG tables.
LOSSY_PERCENT = MappingProxyType({"GIF": 100.0, "WEBP": 50.0, "AVIF": 50.0, "HEIF": 50.0})

# Blocks stood out by 2.6 gray levels or more in originals of quality 69 .. 90, by less than 0.93 in nine of ten better
# ones. Copies of the former at quality 92 kept 0.53 (turned) to 1.5 of it; of 10 originals of quality 91 or more, 9 had
# 0.37 or less of what their copies at quality 75 have.
MIN_BLOCKINESS = 2.0
MIN_KEPT_BLOCKINESS = 0.55
MIN_SHARED_COARSER = 2.5


def own_percent(columns: Columns) -> Key:
    """Return how coarsely a file is quantized, in percent of the standard JPEG tables; 0 is lossless."""
    by_table = step_percent(read_number(columns, "jpeg_quality", np.nan))
    return np.where(np.isnan(by_table), _format_percent(columns), by_table)


def earlier_percent(columns: Columns, peers: Labels) -> Key:
    """Return the coarsest quantization that the pixels show from before the file's own, in percent; 0 where none shows.

    peers: labels of the images that show one picture at one size. Either the lattice shows by itself, or blocks stand
    out as they do in a coarser image with the same label.
    """
    own, blockiness = own_percent(columns), np.maximum(read_number(columns, "blockiness"), 0.01)
    has_table = ~np.isnan(read_number(columns, "jpeg_quality", np.nan))
    blocky = np.where((blockiness >= MIN_BLOCKINESS) & has_table, own, 0.0)
    shared = -least_among_smaller(-blocky, blockiness, 1 / MIN_KEPT_BLOCKINESS, peers)
    shared = np.where(shared >= MIN_SHARED_COARSER * own, shared, 0.0)
    lattice = np.nan_to_num(step_percent(read_number(columns, "prior_jpeg_quality", np.nan)))
    return np.maximum(shared, lattice)


def _format_percent(columns: Columns) -> Key:
    formats = columns.get("image_format", np.full(len(columns["path"]), "JPEG"))
    names, which = np.unique(np.asarray(formats, dtype=np.str_), return_inverse=True)
    return np.array([LOSSY_PERCENT.get(str(name), 0.0) for name in names])[which]
