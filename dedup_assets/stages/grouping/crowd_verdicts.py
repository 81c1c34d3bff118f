"""What groups are formed from: contents that look alike by their hashes are asked about, a star at a time.

Belongs here: bringing hashes, ranks and verdicts together for that. Does not belong here: who asks whom
(`kernels/group/crowds.py`), who is near whom (`stages/pairs/class_links.py`), the final groups (`stages/grouping/groups.py`).

Which pairs were verified already depends on when their contents came; what is asked here does not. So verdicts are looked up,
but of pairs that are near by hash groups are formed from these stars alone.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.describe.palette import SUMMARY_BYTES
from dedup_assets.kernels.group.crowds import FIRST_QUESTIONS, star_crowds
from dedup_assets.kernels.keep.within import count_within
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.star_verifier import StarVerifier
from dedup_assets.stages.grouping.verdicts import PERSON
from dedup_assets.stages.pairs.class_links import ClassLinks
from dedup_assets.stages.pairs.contents import PAIR_KEY
from dedup_assets.stages.pairs.hashed_contents import binary_matrix
from dedup_assets.tables import IMAGE_FEATURES


class Crowds:
    """The contents of a collection, asked about each other as often as they are placed anew; no pair is verified twice."""

    def __init__(self, passed: pl.DataFrame, stars: StarVerifier) -> None:
        """Take pairs (with decided_by) that searches proposed or people named; of those near by hash only people's words count.

        They are `proposed`, as (left_sha256, right_sha256): groups are formed from these too.
        """
        links = ClassLinks(stars.tables, stars.contents)
        stars.transforms = links.transforms
        self.neighbourhoods = links.graph.neighbourhoods()
        self._stars, self._graph = stars, links.graph
        crowded = np.flatnonzero(count_within(self.neighbourhoods) > FIRST_QUESTIONS)
        self._colours = _colours(stars.tables, stars.contents, crowded)
        decided = pl.col("decided_by").str.starts_with(f"{PERSON}:").fill_null(False)
        self.proposed = passed.filter(decided | ~links.are_near(passed)).select(PAIR_KEY)

    def ask(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pairs of contents (m, 2) near by hash that groups are formed from: stars. place: (n,), the lowest is kept first."""
        found = star_crowds(self._graph, self._colours, self._stars.judge, place)
        self._stars.left_out = found.left_out
        return found.edges


def _colours(tables: TableStore, contents: pl.Series, wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The 8x8 colours of wanted contents in the rows of all: (n, 48) uint8, means of 2x2; zeros for the others."""
    colours = np.zeros((len(contents), SUMMARY_BYTES // 4), np.uint8)
    nodes = pl.DataFrame({"file_sha256": contents[wanted], "node": wanted})
    for key in tables.partitions(IMAGE_FEATURES) if len(wanted) else ():
        rows = tables.read(IMAGE_FEATURES, key, ["file_sha256", "color_8"]).join(nodes, on="file_sha256")
        cells = binary_matrix(rows["color_8"], SUMMARY_BYTES).reshape(-1, 4, 2, 4, 2, 3)
        colours[rows["node"].to_numpy()] = cells.mean(axis=(2, 4)).round().reshape(-1, SUMMARY_BYTES // 4)
    return colours
