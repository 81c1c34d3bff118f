"""Films and documents whose first pictures are alike: whether the further ones are, too.

Here belongs comparing the records of a few frames (`kernels/describe/frame_records.py`). First pictures are compared as all
pictures are, by the tests of `cascade.py`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.hashes import hamming_distances
from dedup_assets.kernels.verify.evidence import VerifiableImage

Records = NDArray[Any]

MAX_NEIGHBOUR_DISTANCE = 76
MAX_DETOUR = 1.25
"""Where frames were dropped, a moving picture stands a frame beside: 28 to 74 bits from it, and between the two about it."""
MAX_PLAIN_CONTRAST, MAX_PLAIN_DIFFERENCE = 3.0, 4.0
"""Hashes of nearly white or black frames mean nothing: their gray levels are compared. So is the tone of all others, loosely."""
MAX_TONE_DIFFERENCE = 32.0
MAX_FAINT_CONTRAST, MAX_FAINT_DIFFERENCE, MIN_FAINT_CORRELATION = 8.0, 1.5, 0.9
"""Gray levels, and times as many anywhere: palettes, dither and quantisation turn 16 to 72 bits of the hashes of mists and nights.
Of 6 such films gray levels differed by 1.3 times the contrast at most, and correlated at 0.926, other frames at 0.32 at most."""
MAX_CHANGED = 0.5
"""Of two films of one encoder and length, some frames of other bytes were changed; from half on they were encoded anew. Of two
documents with one page of equal bytes all others were written by the same program, too: any other bytes are another page."""
MIN_LARGER = 1.1
"""A still with so many times the pixels of a film holds what the film lacks, and the film what it lacks: both stay."""


def contradict_further(left: VerifiableImage, right: VerifiableImage, max_distance: int) -> bool:
    """Whether two files hold other frames or pages, or each something that the other lacks.

    max_distance: bits of 256, inclusive, of two hashes of one frame.
    A still and a film may be one as far as the still is not larger; which is kept, the number of frames decides.
    """
    if left.frames is None or right.frames is None:
        if left.frames is right.frames:
            return False
        still, film = (left, right) if left.frames is None else (right, left)
        return still.width_px * still.height_px > MIN_LARGER * film.width_px * film.height_px
    changed = _share_of_changed(left.frame_digests, right.frame_digests)
    is_document = _is_document(left.frames) or _is_document(right.frames)
    if changed is not None and 0 < changed < (1 if is_document else MAX_CHANGED):
        return True
    if changed == 0:
        return False
    if is_document:
        return left.frame_count != right.frame_count or not _share_pages(left.frames, right.frames, max_distance)
    return not all(_follows(*both, max_distance) for both in ((left.frames, right.frames), (right.frames, left.frames)))


def _share_of_changed(left: bytes, right: bytes) -> float | None:
    """Return which share of the frames has other bytes; None where their numbers differ or are not known."""
    if not left or len(left) != len(right):
        return None
    return float((np.frombuffer(left, np.uint32) != np.frombuffer(right, np.uint32)).mean())


def _is_document(frames: Records) -> bool:
    return len(frames) > 1 and not frames["moment"].any()


def _share_pages(left: Records, right: Records, max_distance: int) -> bool:
    """Whether the pages that were looked at in both agree; the second one was in both, if it could be read."""
    _, here, there = np.intersect1d(left["place"], right["place"], return_indices=True)
    return len(here) > 1 and bool(_agree(left[here], right[there], max_distance).all())


def _follows(film: Records, other: Records, max_distance: int) -> bool:
    """Whether each frame of a film is seen in another at its moment, or lies there between the two about it."""
    asked = film[film["moment"] <= other["moment"][-1]]
    after = np.clip(np.searchsorted(other["moment"], asked["moment"]), 1, len(other) - 1)
    if len(asked) < 2 or len(other) < 2:
        return False
    about = other[after - 1], other[after]
    near, far = np.sort([hamming_distances(asked["dct"], each["dct"]) for each in about], axis=0)
    detour = near + far - MAX_DETOUR * hamming_distances(about[0]["dct"], about[1]["dct"])
    between = (near <= MAX_NEIGHBOUR_DISTANCE) & (detour / 2 <= max_distance)
    agrees = np.any([_agree(asked, each, max_distance) | _agree_faintly(asked, each) for each in about], axis=0)
    return bool((agrees | between).all())


def _agree(left: Records, right: Records, max_distance: int) -> NDArray[np.bool_]:
    difference = np.abs(left["gray"].astype(np.int16) - right["gray"]).mean(axis=(1, 2))
    plain = np.maximum(left["gray"].std(axis=(1, 2)), right["gray"].std(axis=(1, 2))) <= MAX_PLAIN_CONTRAST
    alike = hamming_distances(left["dct"], right["dct"]) <= max_distance
    return np.asarray(
        np.where(plain, difference <= MAX_PLAIN_DIFFERENCE, alike & (difference <= MAX_TONE_DIFFERENCE)), np.bool_
    )


def _agree_faintly(left: Records, right: Records) -> NDArray[np.bool_]:
    """Whether frames of little contrast agree in their gray levels; their hashes hold the noise of encoding."""
    one, other = (each["gray"].reshape(len(each), -1).astype(np.float64) for each in (left, right))
    contrast = np.maximum(np.minimum(one.std(axis=1), other.std(axis=1)), 1e-3)
    one, other = (each - each.mean(axis=1, keepdims=True) for each in (one, other))
    correlation = (one * other).mean(axis=1) / np.maximum(one.std(axis=1) * other.std(axis=1), 1e-6)
    difference = np.abs(left["gray"].astype(np.int16) - right["gray"]).max(axis=(1, 2))
    alike = (correlation >= MIN_FAINT_CORRELATION) & (difference <= MAX_FAINT_DIFFERENCE * contrast)
    return np.asarray(alike & (contrast <= MAX_FAINT_CONTRAST), np.bool_)
