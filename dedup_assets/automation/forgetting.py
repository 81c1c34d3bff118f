"""Forget what is known of images that left the source, when a person asks for it.

Belongs here: doing it while no run is at work, down to the files. Does not belong here: what is kept apart
(`stages/departed.py`), which each run forgets in time by itself (`assets/image_manifest.py`).
"""

from datetime import timedelta

import dagster as dg

from dedup_assets.automation.unchanged import is_at_work
from dedup_assets.errors import SettingsError
from dedup_assets.policies import ListingPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.settings import Settings
from dedup_assets.stages.departed import forget, read_departed
from dedup_assets.stages.pairs.contents import read_contents
from dedup_assets.stages.pairs.feature_rows import forget_features
from dedup_assets.tables import DEPARTED, EMBEDDINGS, IMAGE_FEATURES, LOCAL_FEATURES

HOLD_PICTURES = (IMAGE_FEATURES, EMBEDDINGS, LOCAL_FEATURES, *DEPARTED.values())
"""Tables of thumbnails, vectors and features, of which parts that were replaced are deleted too."""


def forget_departed(settings: Settings, now: bool) -> tuple[int, int]:
    """Forget what the policy says, or all `now`; returns of how many images, and how many are still known.

    Raises:
        SettingsError: a run is at work, which may be reading what would be deleted.
    """
    tables = Collection(**settings.collection).tables()
    policy = ListingPolicy.build("image_manifest", settings.policies.get("image_manifest", {}))
    if now:
        with dg.DagsterInstance.get() as instance:
            if is_at_work(instance):
                raise SettingsError(
                    f"A run is at work on {settings.store}: wait for its end, or cancel it, and forget then. Where its process is "
                    f"gone, `dedup-assets doctor --store {settings.store} --repair` ends it."
                )
    forgotten = forget(tables, timedelta(days=0 if now else policy.forget_after_days))
    if now:
        _delete_files(tables)
    return forgotten, len(read_departed(tables, "image_id"))


def _delete_files(tables: TableStore) -> None:
    homes = read_contents(tables, ()).select("file_sha256", "partition")
    for key in tables.partitions(LOCAL_FEATURES):
        forget_features(tables, tables.commit_of(LOCAL_FEATURES, key), homes)
    for table in HOLD_PICTURES:
        for key in tables.partitions(table):
            tables.delete_replaced(table, key)
