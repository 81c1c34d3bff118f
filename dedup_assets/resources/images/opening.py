"""Opening a source of images, whichever kind it is.

Belongs here: the choice between a folder and a container. Does not belong here: what either can do (`source.py`).
"""

from collections.abc import Sequence

from dedup_assets.errors import LocationError
from dedup_assets.resources.images.folder import LocalImages
from dedup_assets.resources.images.left_out import LeftOut
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.locations import FolderLocation, Location


def open_image_store(location: Location, exclude: Sequence[str] = (), left_out: LeftOut | None = None) -> ImageStore:
    """Open a source without touching it.

    Args:
        location: where the images are.
        exclude: directories relative to the source's root that are not listed, such as that of the tables.
        left_out: what is not listed by its name; the defaults alone where it is not given.

    Raises:
        LocationError: the source itself is to be excluded.
        StoreAccessError: the credentials are missing or malformed.
    """
    if set(exclude) & {"", "."}:
        raise LocationError(
            f"{location} cannot hold both the images and the tables: give the tables a folder of their own."
        )
    if isinstance(location, FolderLocation):
        return LocalImages(location, exclude, left_out)
    from dedup_assets.resources.images.container import AzureImages  # Azure's library takes long to load

    return AzureImages(location, exclude, left_out)
