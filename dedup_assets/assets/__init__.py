"""The ten assets, one module each, named as the asset and its table; an asset, then its checks. They meet only through tables.

In the order in which data pass: `image_manifest`, `image_features`, `metadata_hashes`, `wavelet_groups`, `verified_groups`,
`representatives`, `embeddings`, `similar_groups`, `dedup_report`; on purpose only, `organized_blobs`.
"""

import warnings

from dagster import BetaWarning

# Backfill policies and blocking checks are in beta in the Dagster version that is pinned; a new one is tried on purpose.
warnings.filterwarnings("ignore", category=BetaWarning)
