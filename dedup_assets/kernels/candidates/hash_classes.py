"""Contents whose hashes are equal, as one class: re-encodes of one picture have few different hashes, however many they are.

Belongs here: classes, their lasting names, and how many contents stand near one. Does not belong here: which classes are near
each other (`near_contents.py`, `plain_links.py`), or groups of the contents of crowded ones (`kernels/group/crowds.py`).

Of 1,500 re-encodes of one photograph (JPEG 40 to 95, WebP, half to full size) 12 to 132 had different hashes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.near_contents import HashedContents
from dedup_assets.kernels.describe.hashes import HASH_BYTES

RECORD_BYTES = 17 * 8
"""Four hashes, two flags, a mean colour, and three bytes that fill the last of 17 words."""
_HASHES = ("dct", "wavelet", "inner_dct", "inner_wavelet")
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class HashClasses:
    """c classes: what stands in place of their contents in a search.

    hashes  of each class; `low_information` classes are told apart by their colour too
    colour  (c, 3) uint8 mean RGB; 0 for classes that are not of low information
    names   (c,) int64, distinct, ascending: a function of the hashes (and colour) alone, the same in every run
    """

    hashes: HashedContents
    colour: NDArray[np.uint8]
    names: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)


def hash_records(hashes: HashedContents, colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """All that makes the class of n contents, as (n, RECORD_BYTES) uint8; `colour` is (n, 3) uint8 mean RGB."""
    records = np.zeros((len(hashes.dct), RECORD_BYTES), np.uint8)
    for number, name in enumerate(_HASHES):
        codes = getattr(hashes, name)
        shown = codes if number < 2 else np.where(hashes.has_inner[:, None], codes, 0)
        records[:, number * HASH_BYTES : (number + 1) * HASH_BYTES] = shown
    records[:, 128], records[:, 129] = hashes.has_inner, hashes.low_information
    records[:, 130:133] = np.where(hashes.low_information[:, None], colour, 0)
    return records


def classify(records: NDArray[np.uint8]) -> tuple[HashClasses, NDArray[np.int64]]:
    """The classes of n contents with these `hash_records`, and the number of each content's class, (n,) int64."""
    names, first, class_of = np.unique(name_rows(records), return_index=True, return_inverse=True)
    of_class = records[first]
    codes = {name: of_class[:, number * HASH_BYTES : (number + 1) * HASH_BYTES] for number, name in enumerate(_HASHES)}
    hashes = HashedContents(**codes, has_inner=of_class[:, 128] > 0, low_information=of_class[:, 129] > 0)
    return HashClasses(hashes, of_class[:, 130:133], names), class_of.astype(np.int64)


def count_within_reach(sizes: NDArray[np.int64], links: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many contents stand in each class and those linked to it: (c,) from sizes (c,) and distinct links (m, 2)."""
    reach = sizes.copy()
    np.add.at(reach, links[:, 0], sizes[links[:, 1]])
    np.add.at(reach, links[:, 1], sizes[links[:, 0]])
    return reach


def name_rows(rows: NDArray[np.uint8]) -> NDArray[np.int64]:
    """A 64-bit multiplicative hash of each row of (n, 8 k) uint8; of 10^6 different rows two agree with chance 3 in 10^8."""
    words = np.ascontiguousarray(rows).view(np.uint64)
    name = np.zeros(len(rows), np.uint64)
    for column in words.T:
        name = (name ^ column) * _ODD
        name ^= name >> np.uint64(29)
    return name.view(np.int64)
