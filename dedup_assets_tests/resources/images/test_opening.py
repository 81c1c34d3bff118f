import pytest

from dedup_assets.errors import LocationError
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.locations import parse_location
from dedup_assets_tests.azurite import Azurite


@pytest.mark.parametrize("text", ["/data/photos", "az://shop/photos"])
def test_the_source_itself_cannot_be_excluded(text: str) -> None:
    for itself in ("", "."):
        with pytest.raises(LocationError, match="folder of their own"):
            open_image_store(parse_location(text), exclude=[itself])


def test_the_organized_root_is_named_after_the_source(azurite_credentials: Azurite) -> None:
    account = azurite_credentials.account
    roots = {
        "/data/photos": "photos_deduplicated",
        "/": "root_deduplicated",
        f"az://{account}/shop": "shop_deduplicated",
        f"az://{account}/shop/catalog": "catalog_deduplicated",
        f"az://{account}/shop/x/catalog": "x/catalog_deduplicated",
    }
    assert {text: open_image_store(parse_location(text)).organized_root for text in roots} == roots
