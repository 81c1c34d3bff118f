"""Verify a slice of pairs from their stored thumbnails, wherever these lie, as rows of evidence.

Belongs here: fetching what pairs need from `image_features` and `local_features`, and a bounded cache of it, in a process that does
nothing else. Does not belong here: handing slices out and keeping what was found (`verifier.py`), or the tests themselves
(`kernels/verify/cascade.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import simplejpeg
from numpy.typing import NDArray

from dedup_assets.errors import StoreChangedError
from dedup_assets.kernels.describe.frame_records import unpack_frames
from dedup_assets.kernels.describe.hashes import GRAY_SIDE
from dedup_assets.kernels.verify.cascade import PairEvidence, VerifiableImage, verify_pair
from dedup_assets.kernels.verify.stored_features import StoredFeatures
from dedup_assets.kernels.verify.thresholds import VerificationThresholds
from dedup_assets.resources.tables.store import TableStore, open_tables
from dedup_assets.stages.pairs.contents import PAIR_KEY
from dedup_assets.stages.pairs.feature_rows import FeatureRows
from dedup_assets.tables import IMAGE_FEATURES, VERIFIED_GROUPS

IMAGE_COLUMNS = (
    "image_id",
    "file_sha256",
    "gray_64",
    "thumbnail",
    "inner_box",
    "width_px",
    "height_px",
    "contrast",
    "detail",
    "frame_count",
    "frame_digests",
    "further_frames",
    "alpha_thumbnail",
    "ground_level",
    "fine_gray",
)

PAIRS_AT_ONCE = 20
"""Up to 40 pictures and as many kept from before, 0.5 MB each: 40 MB at most."""

EVIDENCE = tuple(name for name in VERIFIED_GROUPS.schema if name in PairEvidence.__slots__)

Found = tuple[pl.DataFrame, dict[bytes, StoredFeatures]]
"""Rows of evidence without `policy_version`, and the local features that had to be found for them."""


class PairSlice(NamedTuple):
    """Some pairs, where their pictures lie, and the features of some that are not stored yet.

    pairs     left_id, right_id, left_sha256, right_sha256, transform
    homes     file_sha256, distinct and ascending, partition, image_id
    """

    pairs: pl.DataFrame
    homes: pl.DataFrame
    features: Mapping[bytes, StoredFeatures]


@dataclass(frozen=True, slots=True)
class VerifyingOrder:
    """Where the tables are, and what the tests go by."""

    store: str
    thresholds: VerificationThresholds


def decode_thumbnail(data: bytes) -> NDArray[np.uint8]:
    """A stored thumbnail as (h, w, 3) uint8 RGB."""
    rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colorspace="RGB")
    return rgb


def decode_alpha(data: bytes | None) -> NDArray[np.uint8] | None:
    """How opaque a stored thumbnail is, (h, w) uint8; None where it all is."""
    if data is None:
        return None
    gray: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colorspace="GRAY")
    return gray[..., 0]


def verify_slice(order: VerifyingOrder, piece: PairSlice) -> Found:
    """Rows of evidence on some pairs, in their order. Raises StoreChangedError where a picture is no longer stored."""
    return _verifier_by(order).verify(piece)


@lru_cache(maxsize=1)
def _verifier_by(order: VerifyingOrder) -> "_SliceVerifier":
    """Once a process, whose pictures stay at hand."""
    return _SliceVerifier(open_tables(order.store), order.thresholds)


class _SliceVerifier:
    """Verifies pairs in this process, and keeps pictures that the next pairs may need."""

    def __init__(self, tables: TableStore, thresholds: VerificationThresholds) -> None:
        self._tables, self._thresholds = tables, thresholds
        self._images: dict[bytes, VerifiableImage] = {}

    def verify(self, piece: PairSlice) -> Found:
        """As `verify_slice`."""
        rows, known = self._fetch(piece.homes), self._read_features(piece)
        found: list[PairEvidence] = []
        features: dict[bytes, StoredFeatures] = {}
        for pairs in piece.pairs.iter_slices(PAIRS_AT_ONCE):
            self._decode(ends_of(pairs), rows, known | features)
            found += map(self._judge, pairs.select(*PAIR_KEY, "transform").iter_rows())
            now = {sha: stored for sha in ends_of(pairs) if (stored := self._images[sha].stored)}
            features |= {sha: stored for sha, stored in now.items() if sha not in known}
        return _rows(piece.pairs, found), features

    def _judge(self, pair: tuple[bytes, bytes, str]) -> PairEvidence:
        left, right, transform = pair
        return verify_pair(self._images[left], self._images[right], transform, self._thresholds)

    def _fetch(self, homes: pl.DataFrame) -> dict[bytes, dict[str, Any]]:
        """What some pictures are stored as."""
        found: dict[bytes, dict[str, Any]] = {}
        for (partition,), group in homes.group_by("partition", maintain_order=True):
            rows = self._tables.read_rows(IMAGE_FEATURES, str(partition), "image_id", group["image_id"], IMAGE_COLUMNS)
            found |= {row["file_sha256"]: row for row in rows.iter_rows(named=True)}
        if gone := homes.height - len(found):
            raise StoreChangedError(
                f"{gone} of {homes.height} pictures to compare are no longer in image_features, where this run had seen them:"
                " another run replaced them meanwhile. Run again."
            )
        return found

    def _read_features(self, piece: PairSlice) -> dict[bytes, StoredFeatures]:
        """The local features that need not be told: they are stored, or wait for it."""
        at_hand = {sha: stored for sha in piece.homes["file_sha256"] if (stored := self._stored(sha))}
        missing = piece.homes.filter(~pl.col("file_sha256").is_in(list(at_hand)))["file_sha256"]
        return at_hand | FeatureRows(self._tables, piece.homes).read(missing) | dict(piece.features)

    def _stored(self, content: bytes) -> StoredFeatures | None:
        return self._images[content].stored if content in self._images else None

    def _decode(
        self, wanted: pl.Series, rows: Mapping[bytes, dict[str, Any]], known: Mapping[bytes, StoredFeatures]
    ) -> None:
        """Have some pictures at hand, and of earlier ones no more than a bounded number."""
        needed = set(wanted)
        for sha in [sha for sha in self._images if sha not in needed][: -2 * PAIRS_AT_ONCE]:
            del self._images[sha]
        for sha in wanted:
            if sha not in self._images:
                self._images[sha] = make_verifiable(rows[sha], known.get(sha))


def ends_of(pairs: pl.DataFrame) -> pl.Series:
    """The contents of pairs, each once."""
    return pl.concat([pairs["left_sha256"], pairs["right_sha256"]]).unique(maintain_order=True)


def _rows(pairs: pl.DataFrame, found: Sequence[PairEvidence]) -> pl.DataFrame:
    evidence = [{name: getattr(one, name) for name in EVIDENCE} for one in found]
    frame = pl.DataFrame(evidence, schema={name: VERIFIED_GROUPS.schema[name] for name in EVIDENCE})
    return pl.concat([pairs.select("left_id", "right_id", *PAIR_KEY), frame], how="horizontal")


def make_verifiable(row: Mapping[str, Any], stored: StoredFeatures | None = None) -> VerifiableImage:
    """What verification sees of a row of `image_features`, or of what has its fields."""
    return VerifiableImage(
        gray_64=np.frombuffer(row["gray_64"], np.uint8).reshape(GRAY_SIDE, GRAY_SIDE),
        thumbnail=decode_thumbnail(row["thumbnail"]),
        inner_box=tuple(row["inner_box"]) if row["inner_box"] else None,
        width_px=row["width_px"],
        height_px=row["height_px"],
        contrast=row["contrast"],
        detail=row["detail"],
        stored=stored,
        frame_count=row["frame_count"] or 1,
        frame_digests=row["frame_digests"] or b"",
        frames=unpack_frames(row["further_frames"]),
        alpha=decode_alpha(row["alpha_thumbnail"]),
        ground_level=row["ground_level"],
        fine_gray=row["fine_gray"],
    )
