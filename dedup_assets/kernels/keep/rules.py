"""What each keep rule measures: one number an image, lower is kept, comparable within one component only.

Here belong the single rules and their tolerances. Their order, the ranking and the words are in `ranking.py`. A component
holds the images that verified pairs link; most rules judge an image against the best or the plainest of its own.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.keep.columns import Columns, Key, Labels, read_number
from dedup_assets.kernels.keep.copy_names import plain_stems, stem_of
from dedup_assets.kernels.keep.encoding_history import (
    FINEST_PERCENT,
    count_facts,
    earlier_percent,
    label_equal_pixels,
    own_percent,
)
from dedup_assets.kernels.keep.real_pixels import LAYOUT, count_real_pixels, filled_pixels, sharpened_pixels
from dedup_assets.kernels.keep.within import count_within, least_within, median_within

Rule = Callable[[Columns, Labels], Key]

# Pictures within 1.5 % of the pixels count as equally large; cutting away 2 % of a picture is a loss.
PIXEL_TOLERANCE = 0.015

# A doubling of the steps comes before everything that is less sure, a smaller difference after it.
COMPRESSION_TOLERANCE = 1.0
FINE_COMPRESSION_TOLERANCE = 0.25
DEEP_PERCENT = FINEST_PERCENT / 2


# On 120 photographs with 14 edits each, `deviation` stood above that of the original by 0.11 at most in 95 of 100
# re-encoded files, by 0.16 at JPEG 75, and by 0.24 or more in 95 of 100 with a mark, a tilt, a crop or a change of
# tone. Noise (0.05 .. 0.37) and sharpening also multiply the sharpness by 1.25 .. 4.5, blur divides it by 3 or more:
# these are logarithms. Below 6 images a filtered copy may be the most central one, so sharpness says nothing there.
MAX_DEVIATION = 0.16
MAX_NOISY_DEVIATION = 0.03
MAX_SHARPER, MUCH_SHARPER, MAX_BLURRIER = 0.22, 0.55, 0.9
MIN_CROWD, MIN_PEERS = 6, 3
GRAY_COLOURFULNESS = 2.0
MIN_COLOURFULNESS = 8.0
DEVIATION_STEP = 0.04


def with_shared_measures(columns: Columns, component: Labels) -> Columns:
    """Return the columns and, computed once, the two measures that several rules need: pixel_steps, earlier_percent."""
    counted = {**columns, "pixel_steps": rank_pixels(columns, component)}
    return {**counted, "earlier_percent": _earlier_percent(counted, component)}


def rank_frames(columns: Columns, component: Labels) -> Key:
    """Return the number of frames or pages, negative: only the file that holds most holds all."""
    return -np.maximum(read_number(columns, "frame_count", 1), 1)


def rank_pixels(columns: Columns, component: Labels) -> Key:
    """Count steps of 1.5 % below the most real pixels of the component.

    An image that tells its whole recipe is as large as its generator made it: what a generator enlarged is its final.
    """
    if "pixel_steps" in columns:
        return columns["pixel_steps"]
    size = np.stack([read_number(columns, "width_px", 1), read_number(columns, "height_px", 1)], axis=1)
    inner = size * np.stack([read_number(columns, "inner_width", 1), read_number(columns, "inner_height", 1)], axis=1)
    enlarged = np.where(read_number(columns, "has_recipe") > 0, 0.0, read_number(columns, "upscale_score"))
    resolved = np.where(read_number(columns, "has_recipe") > 0, 1.0, read_number(columns, "resolved_share", 1))
    sharpness = read_number(columns, "sharpness")
    looks = np.stack([read_number(columns, name) + 1 for name in ("contrast", "colourfulness", *LAYOUT)], axis=1)
    sharpened = sharpened_pixels(size, sharpness, resolved, enlarged, looks, component)
    real = count_real_pixels(size, inner, enlarged, sharpness, component, sharpened)
    real = np.minimum(real, filled_pixels(size.prod(axis=1), read_number(columns, "picture_share", 1), component))
    return _steps_above_least(1 / real, component, PIXEL_TOLERANCE)


def rank_marks(columns: Columns, component: Labels) -> Key:
    """Return 1 for pictures that differ from the others as marked or edited ones do, else 0.

    What lies far from the most central image of its component is edited.
    """
    distance = _distance(columns, component)
    edited = (distance > MAX_DEVIATION) | _is_filtered(columns, component, distance) | _lost_colour(columns, component)
    return edited.astype(np.float64)


def _distance(columns: Columns, component: Labels) -> Key:
    """Return by how much `consensus.measure_deviation` of an image is more than that of the most central one.

    Copies that lost an ICC profile look alike, and other than their original: among those that have one that is central which
    deviates least.
    """
    deviation = read_number(columns, "deviation")
    facts = columns.get("origin_facts", np.full(len(deviation), ""))
    has_colours = np.array(["colours" in str(told) for told in facts], dtype=np.bool_)
    of_coloured = least_within(np.where(has_colours, deviation, np.inf), component)
    return deviation - np.where(has_colours, of_coloured, least_within(deviation, component))


def _is_filtered(columns: Columns, component: Labels, distance: Key) -> NDArray[np.bool_]:
    """Tell noise, sharpening and blur by the sharpness of the most central or the median image of the same size."""
    peers = _same_step(columns, component)
    logs = np.log(read_number(columns, "sharpness") + 0.1)
    sharper = logs - np.maximum(_of_most_central(logs, distance, peers), median_within(logs, peers))
    noisy = (sharper > MAX_SHARPER) & (distance > MAX_NOISY_DEVIATION) | (sharper > MUCH_SHARPER) & (distance > 0)
    enough = (count_within(component) >= MIN_CROWD) & (count_within(peers) >= MIN_PEERS)
    return np.asarray(enough & (noisy | (sharper < -MAX_BLURRIER)))


def _lost_colour(columns: Columns, component: Labels) -> NDArray[np.bool_]:
    colour = read_number(columns, "colourfulness")
    return (colour <= GRAY_COLOURFULNESS) & (-least_within(-colour, component) >= MIN_COLOURFULNESS)


def _of_most_central(values: Key, deviation: Key, labels: Labels) -> Key:
    """Return for each image the value of the one of its label with the lowest deviation, the lower value of several."""
    order = np.lexsort((values, deviation, labels))
    _names, first, which = np.unique(labels[order], return_index=True, return_inverse=True)
    result = np.empty(len(values))
    result[order] = values[order][first][which]
    return result


def _same_step(columns: Columns, component: Labels) -> Labels:
    """Label together the images of a component that `rank_pixels` puts on one step."""
    return np.asarray((component.astype(np.int64) << 16) + rank_pixels(columns, component).astype(np.int64))


def rank_closeness(columns: Columns, component: Labels) -> Key:
    """Count steps of 0.04 by which an image deviates more than the most central one of its crowd; 0 in a small one."""
    steps = np.floor(_distance(columns, component) / DEVIATION_STEP + 1e-9)
    return np.where(count_within(component) >= MIN_CROWD, steps, 0.0)


def _earlier_percent(columns: Columns, component: Labels) -> Key:
    if "earlier_percent" in columns:
        return columns["earlier_percent"]
    return earlier_percent(columns, _same_step(columns, component))


def coarsest_percent(columns: Columns, component: Labels) -> Key:
    """Return the coarsest quantization an image went through, in percent; at least 8, which nobody sees.

    Samples of more than 8 bits hold what no file of 8 does: they count as 4.
    """
    finest = np.where(read_number(columns, "sample_bits", 8) > 8, DEEP_PERCENT, FINEST_PERCENT)
    return np.maximum(np.maximum(own_percent(columns), _earlier_percent(columns, component)), finest)


def rank_compression(columns: Columns, component: Labels) -> Key:
    """Count doublings of the quantization above the finest of the component, the file's own or one before it."""
    return _steps_above_least(coarsest_percent(columns, component), component, COMPRESSION_TOLERANCE)


def rank_transparency(columns: Columns, component: Labels) -> Key:
    """Return 0 for a picture with transparency, 1 for one without, of which it may be flattened."""
    return np.isnan(read_number(columns, "ground_level", np.nan)).astype(np.float64)


def rank_encodings(columns: Columns, component: Labels) -> Key:
    """Return 1 where an earlier, coarser compression shows, 0 for a first encoding."""
    return np.asarray(_earlier_percent(columns, component) > 0, dtype=np.float64)


def rank_fine_compression(columns: Columns, component: Labels) -> Key:
    """Count steps of a factor 1.25 of the same quantization."""
    return _steps_above_least(coarsest_percent(columns, component), component, FINE_COMPRESSION_TOLERANCE)


def rank_margins(columns: Columns, component: Labels) -> Key:
    """Return pixels with all borders, negative: of two images of one product, the one with more of the background."""
    return -read_number(columns, "width_px") * read_number(columns, "height_px")


def rank_bits(columns: Columns, component: Labels) -> Key:
    """Return bits a pixel, negative: of two files quantized alike, the re-encoded one is the smaller."""
    return -read_number(columns, "bits_per_pixel")


def rank_metadata(columns: Columns, component: Labels) -> Key:
    """Return how many kinds of things an image tells less than another one with the very pixels."""
    told = count_facts(columns)
    return -told - least_within(-told, label_equal_pixels(columns, component))


def rank_copy_names(columns: Columns, component: Labels) -> Key:
    """Return 1 for a name that a program gave to a copy, where the name it was made from is among equal bytes; else 0."""
    copied = np.zeros(len(component))
    several = np.flatnonzero(count_within(columns["content"]) > 1) if "content" in columns else np.empty(0, np.int64)
    stems = {row: stem_of(columns["path"][row]) for row in several.tolist()}
    known = {(columns["content"][row], stem) for row, stem in stems.items()}
    for row, stem in stems.items():
        copied[row] = any((columns["content"][row], plain) in known for plain in plain_stems(stem))
    return copied


def rank_oldest(columns: Columns, component: Labels) -> Key:
    """Return the time of the file, microseconds."""
    return read_number(columns, "modified_at")


def rank_newest(columns: Columns, component: Labels) -> Key:
    """Return the time of the file, microseconds, negative."""
    return -read_number(columns, "modified_at")


def rank_file_size(columns: Columns, component: Labels) -> Key:
    """Return the size of the file, bytes, negative."""
    return -read_number(columns, "size_bytes")


def _steps_above_least(values: Key, component: Labels, tolerance: float) -> Key:
    gap = np.log(values / least_within(values, component))
    return np.asarray(np.floor(gap / np.log1p(tolerance) + 1e-9), dtype=np.float64)
