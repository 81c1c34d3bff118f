"""How many pixels of picture an image really holds: a frame adds none, and enlarging adds none.

Here belongs this one judgement, made within components: an image is framed or enlarged only in comparison with another one
of its picture. Finding the box inside a border is in `kernels/describe/borders.py`, the upscale score in
`kernels/describe/quality.py`.
"""

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.keep.within import count_within, least_among_smaller, least_within

Labels = NDArray[np.int64]
Values = NDArray[np.float64]

# Widths and heights are equal within 1 to 2 %: the box inside a border is found within 2 px a side.
SIZE_TOLERANCE = 0.01
# A frame takes 3 % of the width or height; less is more often the edge of a scan, which a small crop cuts away.
MIN_FRAME = 0.03
# The border of a caption ends at its words: then the size of most images of the picture tells where it really ends.
MIN_CROWD, MIN_CROWD_SHARE = 4, 0.5
# A picture in a frame ranks just behind the same picture without.
FRAMED_PIXELS = 0.97
MIN_BARE = 0.5

# An enlargement by 2 has a quarter of its pixels and ranks just behind its source. Against smaller images of the same
# picture, sharpness times side fell by a factor of 0.65 or more in 77 enlargements by 2, by 0.81 at most in 207
# originals; all enlargements but one had an upscale_score of 0.35 or more.
UPSCALED_PIXELS = 0.24
MIN_UPSCALE_SCORE = 0.35
MAX_SHARPNESS_RATIO = 0.74
MAX_SMALLER = 0.6
# What was sharpened or grained is about as sharp as its source or sharper; a soft original against its half is not.
MIN_SHARPENED_RATIO = 0.9
MIN_SOURCE_SIDE = 0.9
# Nine photographs enlarged by 1.5 and 2 and sharpened had upscale scores of 0.19 to 0.95, but for one; a field of stars whose
# grain hides its structure 0.04. Beyond that size the score tells nothing.
MIN_LEFT_EMPTY, FILLED_SIDE = 0.15, 0.45
# Contrast and colours of 14 photographs stayed within 7 % where they were enlarged and sharpened, of 13 of their crops not. Of 311
# others 38 % of the crops by 0.7 stay within it by contrast alone, 3.5 % by the layout too, and 99 % of the enlargements.
MAX_OTHER_LOOK = 0.07
LAYOUT = ("middle_gray", "middle_contrast", "outer_gray", "outer_contrast")


def count_real_pixels(
    size_px: Values,
    inner_px: Values,
    upscale_score: Values,
    sharpness: Values,
    component: Labels,
    at_most: Values | float = np.inf,
) -> Values:
    """Return how many pixels count for each image.

    size_px: (n, 2) width and height, > 0. inner_px: (n, 2) the same inside uniform borders, equal without.
    upscale_score: (n,) 0..1. sharpness: (n,) >= 0. component: (n,) labels. An image whose inside has the size of a
    smaller image of its component, whole or inside that one's own border, counts as that one, and so does one with a border
    along one side that is higher or wider than most images of its component; a border that no other image lacks is
    part of the picture. An image that is empty above what an enlargement leaves, and less sharp than a
    smaller one, was enlarged (or is out of focus). at_most: (n,) as `sharpened_pixels` gives it. Images of one size share the
    highest count: noise hides both.
    """
    pixels = size_px.prod(axis=1)
    framed = np.minimum(_framed_pixels(size_px, inner_px, component), _captioned_pixels(size_px, inner_px, component))
    real = np.minimum(pixels, framed)
    fineness = np.log(sharpness + 0.1) + np.log(pixels) / 2
    finest_smaller = -least_among_smaller(-fineness, real, MAX_SMALLER, component)
    enlarged = (upscale_score >= MIN_UPSCALE_SCORE) & (fineness - finest_smaller <= np.log(MAX_SHARPNESS_RATIO))
    real = np.minimum(real * np.where(enlarged, UPSCALED_PIXELS, 1.0), at_most)
    return -least_within(-real, _same_size(size_px, component))


def sharpened_pixels(
    size_px: Values,
    sharpness: Values,
    resolved_share: Values,
    upscale_score: Values,
    looks: Values,
    component: Labels,
) -> Values:
    """Return for enlargements that were sharpened or grained a little less than the pixels of their source; inf for others.

    resolved_share: (n,) 0..1, see `kernels/describe/resolution.py`. looks: (n, k) > 0, equal within 7 % where a picture
    is only scaled, not where it was cut. The source is smaller, could hold all structure, and is not much sharper, as that
    of a soft original would be. Up to twice its size what an enlargement leaves empty is not all filled, as it is in stars
    and grain: see `upscale_score`.
    """
    pixels, result = size_px.prod(axis=1), np.full(len(size_px), np.inf)
    fineness = np.log(sharpness + 0.1) + np.log(pixels) / 2
    alike = np.log(np.column_stack([looks, size_px[:, 0] / size_px[:, 1]]))
    order = np.argsort(component, kind="stable")
    ordered = component[order]
    for row in np.flatnonzero(resolved_share < 1):
        others = order[slice(*np.searchsorted(ordered, [component[row], component[row] + 1]))]
        side = np.sqrt(pixels[others] / pixels[row])
        is_source = (side**2 <= MAX_SMALLER) & (side >= MIN_SOURCE_SIDE * resolved_share[row])
        is_source &= (np.abs(alike[others] - alike[row]) <= MAX_OTHER_LOOK).all(axis=1)
        is_source &= fineness[row] - fineness[others] >= np.log(MIN_SHARPENED_RATIO)
        is_source &= (upscale_score[row] >= MIN_LEFT_EMPTY) | (side < FILLED_SIDE)
        if is_source.any():
            result[row] = pixels[others[is_source]].max() * FRAMED_PIXELS
    return result


def measure_layout(cells: NDArray[np.uint8]) -> Values:
    """Return mean and spread within the middle half and around it, the columns of LAYOUT, gray levels.

    cells: (n, 256) uint8, gray pictures of 16 x 16. (n, 4). Equal, but for noise, for a picture, its mirror images, quarter
    turns and enlargements; a crop shows other things in its middle.
    """
    pictures = cells.reshape(-1, 16, 16).astype(np.float64)
    is_middle = np.zeros((16, 16), dtype=np.bool_)
    is_middle[4:12, 4:12] = True
    parts = pictures[:, is_middle], pictures[:, ~is_middle]
    return np.stack([measure(part, axis=1) for part in parts for measure in (np.mean, np.std)], axis=1)


def filled_pixels(pixels: Values, picture_share: Values, component: Labels) -> Values:
    """Return for images on a filled canvas the pixels that are not fill, a little fewer; inf for all others.

    picture_share: (n,) 0..1, see `kernels/describe/canvas.py`. A fill counts only where its component has an image without any
    that is not much smaller than what is left.
    """
    is_filled = picture_share < 1
    largest_bare = -least_within(np.where(is_filled, 0.0, -pixels), component)
    left = pixels * picture_share
    return np.where(is_filled & (largest_bare >= MIN_BARE * left), left * FRAMED_PIXELS, np.inf)


def _same_size(sizes: Values, component: Labels) -> Labels:
    """Return one label for component, width and height."""
    exact = np.minimum(sizes, (1 << 18) - 1).astype(np.int64)
    return np.asarray((component.astype(np.int64) << 36) + (exact[:, 0] << 18) + exact[:, 1], dtype=np.int64)


def _framed_pixels(sizes: Values, inner: Values, component: Labels) -> Values:
    """Return for images with a border the pixels of the smallest image that looks like their inside; inf for none."""
    pixels, trimmed = sizes.prod(axis=1), np.flatnonzero((inner < sizes).any(axis=1))
    known, least = _least_by_key(
        np.concatenate([_size_keys(sizes, component), _size_keys(inner[trimmed], component[trimmed])]),
        np.concatenate([pixels * FRAMED_PIXELS, pixels[trimmed]]),
    )
    framed = trimmed[(inner[trimmed] <= (1 - MIN_FRAME) * sizes[trimmed]).any(axis=1)]
    result = np.full(len(sizes), np.inf)
    for step in np.ndindex(3, 3):
        keys = _size_keys(inner[framed], component[framed], (step[0] - 1, step[1] - 1))
        at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        result[framed] = np.minimum(result[framed], np.where(known[at] == keys, least[at], np.inf))
    return result


def _captioned_pixels(sizes: Values, inner: Values, component: Labels) -> Values:
    """Return for images with a bar the pixels of the size that most of their component have; inf for none.

    A bar is a border along one dimension, and the common size fits into what it leaves and is equal in the other one, inside a
    border there or without.
    """
    common = _commonest_sizes(sizes, component)
    equal = np.abs(np.log(inner / np.maximum(common, 1))) <= SIZE_TOLERANCE
    barred = (inner <= (1 - MIN_FRAME) * sizes) & (common < inner)
    fits = equal[:, ::-1] & barred
    return np.where((common[:, 0] > 0) & fits.any(axis=1), common.prod(axis=1) * FRAMED_PIXELS, np.inf)


def _commonest_sizes(sizes: Values, component: Labels) -> Values:
    """Return for each image the size (n, 2) that at least half of its component, and at least 4 images, have; else 0."""
    labels = _same_size(sizes, component)
    counts = count_within(labels)
    needed = np.maximum(MIN_CROWD, MIN_CROWD_SHARE * count_within(component))
    rows = np.flatnonzero(counts >= needed)
    rows = rows[np.lexsort((labels[rows], -counts[rows], component[rows]))]
    names, first = np.unique(component[rows], return_index=True)
    common = np.zeros((len(sizes), 2))
    if len(names):
        at = np.minimum(np.searchsorted(names, component), len(names) - 1)
        common = np.where((names[at] == component)[:, None], sizes[rows[first]][at], 0.0)
    return common


def _size_keys(sizes: Values, component: Labels, step: tuple[int, int] = (0, 0)) -> NDArray[np.int64]:
    """Return one number for component, width and height, the latter two rounded to steps of 1 %."""
    steps = np.rint(np.log(np.maximum(sizes, 1)) / SIZE_TOLERANCE).astype(np.int64) + np.array(step) + 1
    return np.asarray((component.astype(np.int64) << 24) + (steps[:, 0] << 12) + steps[:, 1], dtype=np.int64)


def _least_by_key(keys: NDArray[np.int64], values: Values) -> tuple[NDArray[np.int64], Values]:
    order = np.lexsort((values, keys))
    ordered = keys[order]
    first = np.ones(len(keys), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first], values[order][first]
