"""Verify pairs of contents from their stored thumbnails, wherever these lie.

Belongs here: the policy of verification, which several assets obey, fetching what a pair needs from `image_features` and
`local_features`, a bounded cache of it, and evidence as rows. Does not belong here: which pairs to verify (the assets), or
the tests themselves (`kernels/verify/cascade.py`).
"""

from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import simplejpeg
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from dedup_assets.kernels.describe.hashes import GRAY_SIDE
from dedup_assets.kernels.verify.cascade import UNKNOWN, PairEvidence, VerifiableImage, verify_pair
from dedup_assets.kernels.verify.stored_features import StoredFeatures
from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents, read_contents
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
)

PAIRS_FETCHED = 1_000
"""Rows of up to 2,000 pictures and as many kept from before, 22 KB each: 90 MB at most. A group of 500 rows, of which one is
needed, takes 5 ms to read."""

PAIRS_AT_ONCE = 100
"""Up to 200 pictures and as many kept from before, 0.5 MB each: 200 MB at most."""

FEATURES_AT_ONCE = 5_000
"""Pictures whose local features are kept, 14 KB each: 70 MB at most. To read them again takes a group of 500 rows."""


def decode_thumbnail(data: bytes) -> NDArray[np.uint8]:
    """A stored thumbnail as (h, w, 3) uint8 RGB."""
    rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colorspace="RGB")
    return rgb


class PairVerifier:
    """Verifies pairs of contents of one collection under one policy."""

    def __init__(self, collection: Collection, policy: VerificationPolicy) -> None:
        self.tables, self.workers = collection.tables(), collection.workers
        self.thresholds, self.policy_version = policy.thresholds(), policy.version
        self.homes = read_contents(self.tables, ()).select("file_sha256", "partition", "image_id", "at")
        self._rows_of: dict[bytes, dict[str, Any]] = {}
        self._images: dict[bytes, VerifiableImage] = {}
        self._features: dict[bytes, StoredFeatures] = {}
        self._feature_rows = FeatureRows(self.tables, self.homes)
        self._blas = ThreadpoolController()

    def verify(self, pairs: pl.DataFrame, advance: Callable[[int], None]) -> Iterator[pl.DataFrame]:
        """Verify pairs (left_id, right_id, left_sha256, right_sha256, transform), some at a time, as rows of evidence.

        Pairs of which one end has left the source are dropped.
        """
        present = self._in_order(pairs)
        advance(pairs.height - present.height)
        one_thread = self._blas.limit(limits=1, user_api="blas")  # several, on matrices this small, wait for each other
        with ThreadPoolExecutor(self.workers) as pool, one_thread:
            for chunk in self._fetched(present):
                sought = _ends(chunk.filter(pl.col("transform") == UNKNOWN))
                list(pool.map(lambda sha: self._images[sha].features, sought))
                found = list(pool.map(self._judge, chunk.select(*PAIR_KEY, "transform").iter_rows()))
                self._note_features(chunk)
                yield self._rows(chunk, found)
                advance(chunk.height)

    def keep_features(self) -> None:
        """Store the local features that wait for it: whoever has verified all pairs calls this once."""
        self._feature_rows.flush()

    def _judge(self, pair: tuple[bytes, bytes, str]) -> PairEvidence:
        left, right, transform = pair
        return verify_pair(self._images[left], self._images[right], transform, self.thresholds)

    def _note_features(self, pairs: pl.DataFrame) -> None:
        """Have what was found for these pairs stored: those of unknown transform always need features, others rarely."""
        now = {sha: stored for sha in _ends(pairs) if (stored := self._images[sha].stored)}
        self._feature_rows.add({sha: stored for sha, stored in now.items() if sha not in self._features})
        self._features |= now
        for sha in list(self._features)[:-FEATURES_AT_ONCE]:
            del self._features[sha]

    def _rows(self, pairs: pl.DataFrame, found: Sequence[PairEvidence]) -> pl.DataFrame:
        names = [name for name in VERIFIED_GROUPS.schema if name in PairEvidence.__slots__]
        evidence = [{name: getattr(one, name) for name in names} for one in found]
        frame = pl.DataFrame(evidence, schema={name: VERIFIED_GROUPS.schema[name] for name in names})
        ends = pairs.select("left_id", "right_id", *PAIR_KEY)
        return pl.concat([ends, frame], how="horizontal").with_columns(policy_version=pl.lit(self.policy_version))

    def _in_order(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Those whose ends are here: of pictures that meet each other together, in the order in which these are stored."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        numbers = np.stack([number_contents(self.homes["file_sha256"], pairs[side]) for side in PAIR_KEY])
        here = np.flatnonzero(numbers.min(axis=0) >= 0)
        places, ends = np.unique(self.homes["at"].to_numpy()[numbers[:, here]], return_inverse=True)
        left, right = ends.reshape(2, -1)
        graph = coo_array((np.ones(len(here)), (left, right)), shape=(len(places), len(places)))
        _, groups = connected_components(graph, directed=False)
        return pairs[here[np.lexsort((right, left, groups[left]))]]

    def _fetched(self, pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The pairs some at a time, with their pictures at hand, and of earlier ones no more than a bounded number."""
        for batch in pairs.iter_slices(PAIRS_FETCHED):
            self._fetch(batch)
            for chunk in batch.iter_slices(PAIRS_AT_ONCE):
                ends = _ends(chunk)
                _forget(self._images, set(ends), 2 * PAIRS_AT_ONCE)
                for sha in ends:
                    self._images[sha] = self._images.get(sha) or _verifiable(
                        self._rows_of[sha], self._features.get(sha)
                    )
                yield chunk

    def _fetch(self, pairs: pl.DataFrame) -> None:
        """Read what the pictures of these pairs are stored as."""
        wanted = _ends(pairs)
        _forget(self._rows_of, set(wanted), 2 * PAIRS_FETCHED)
        missing = wanted.filter(~wanted.is_in(pl.Series(list(self._rows_of), dtype=pl.Binary).implode()))
        unknown = missing.filter(~missing.is_in(pl.Series(list(self._features), dtype=pl.Binary).implode()))
        self._features |= self._feature_rows.read(unknown)
        homes = self.homes[number_contents(self.homes["file_sha256"], missing)]
        for (partition,), group in homes.group_by("partition", maintain_order=True):
            rows = self.tables.read_rows(IMAGE_FEATURES, str(partition), "image_id", group["image_id"], IMAGE_COLUMNS)
            self._rows_of |= {row["file_sha256"]: row for row in rows.iter_rows(named=True)}


def _ends(pairs: pl.DataFrame) -> pl.Series:
    return pl.concat([pairs["left_sha256"], pairs["right_sha256"]]).unique(maintain_order=True)


def _forget(held: dict[bytes, Any], needed: Set[bytes], most: int) -> None:
    """Drop the oldest of what is held, but for what is needed and the `most` latest of the others."""
    for sha in [sha for sha in held if sha not in needed][:-most]:
        del held[sha]


def _verifiable(row: dict[str, Any], stored: StoredFeatures | None) -> VerifiableImage:
    return VerifiableImage(
        gray_64=np.frombuffer(row["gray_64"], np.uint8).reshape(GRAY_SIDE, GRAY_SIDE),
        thumbnail=decode_thumbnail(row["thumbnail"]),
        inner_box=tuple(row["inner_box"]) if row["inner_box"] else None,
        width_px=row["width_px"],
        height_px=row["height_px"],
        contrast=row["contrast"],
        detail=row["detail"],
        stored=stored,
    )
