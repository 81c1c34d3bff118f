"""The machine that runs are done on: versions, disks.

Belongs here: what does not depend on a store's content. Does not belong here: memory (`memory.py`), places that need the network
(`places.py`).
"""

import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from dedup_assets.automation.running import dagster_home
from dedup_assets.health.finding import Finding
from dedup_assets.resources.database.embedded.data import default_data_directory
from dedup_assets.resources.locations import FolderLocation, parse_location
from dedup_assets.settings import Settings

SHOWN = (
    "dedup-assets",
    "dagster",
    "polars",
    "pyarrow",
    "obstore",
    "psycopg",
    "pillow",
    "opencv-python-headless",
    "numpy",
)
LEAST_DISK_BYTES = 1 << 30
"""Less holds no night's new parts, which stand beside the old ones for a day, nor a sort on its way."""


def look_at_versions(_: Settings) -> Iterator[Finding]:
    """This program and what it stands on."""
    known = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    yield Finding("versions", f"{known}, Python {platform.python_version()} on {platform.platform()}")


def look_at_disks(settings: Settings) -> Iterator[Finding]:
    """Free space wherever a run writes."""
    store = parse_location(settings.store)
    folders = [
        Path(tempfile.gettempdir()),
        default_data_directory(""),
        dagster_home(settings.store),
        *([store.path] if isinstance(store, FolderLocation) else []),
    ]
    for folder in dict.fromkeys(next(each for each in (path, *path.parents) if each.exists()) for path in folders):
        free = shutil.disk_usage(folder).free
        told = f"{folder} has {free / 1e9:,.1f} GB left"
        if free < LEAST_DISK_BYTES:
            yield Finding("disk", told, "wrong", f"free {LEAST_DISK_BYTES / 1e9:.1f} GB at least, or lay it elsewhere")
        else:
            yield Finding("disk", told)
