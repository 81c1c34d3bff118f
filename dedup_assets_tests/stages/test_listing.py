"""What listings found beside the images is noted by partition and elsewhere, and summed up."""

from dataclasses import replace

from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.listing import ELSEWHERE, Listing, count_no_images, note_elsewhere, read_listing
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST
from dedup_assets_tests.conftest import CollectionOf


def tables_of(collection_of: CollectionOf) -> TableStore:
    return collection_of({}).tables()


def test_what_is_noted_of_partitions_and_elsewhere_is_summed(collection_of: CollectionOf) -> None:
    tables = tables_of(collection_of)
    assert read_listing(tables) == Listing({}, {}, 0)
    note_elsewhere(tables, Listing({".txt": 1}, {"@eaDir": 5}, 2**63))
    for key in ("a", "b"):
        details = {"listing": Listing({".txt": 2, ".pdf": 1}, {"._*": 3}, 2**63 + 1)._asdict()}
        tables.rewrite(IMAGE_MANIFEST, key, IMAGE_MANIFEST.empty(), "fingerprint", details)
    assert read_listing(tables) == Listing({".txt": 5, ".pdf": 2}, {"@eaDir": 5, "._*": 6}, 3 * 2**63 + 2)
    without = replace(tables.commit_of(IMAGE_MANIFEST, "a"), details={})  # as stores of earlier versions are
    tables.publish(without)
    assert read_listing(tables).others == {".txt": 3, ".pdf": 1}


def test_what_turned_out_to_be_no_image_is_counted_by_kind(collection_of: CollectionOf) -> None:
    tables = tables_of(collection_of)
    judged = {"etag": "e", "size_bytes": 1, "feature_version": 1, "decode_status": "no_image", "decode_error": "None."}
    rows = [{"image_id": 1, "path": "a/README", **judged}, {"image_id": 2, "path": "a/x.jpg:large", **judged}]
    tables.rewrite(IMAGE_FEATURES, "a", IMAGE_FEATURES.frame(rows), "fingerprint")
    assert count_no_images(tables) == {"no suffix": 2}


def test_what_did_not_change_is_not_written_again(collection_of: CollectionOf) -> None:
    tables = tables_of(collection_of)
    note_elsewhere(tables, Listing({".txt": 1}, {}, 1))
    (before,) = (entry["last_modified"] for entry in tables.list_files(ELSEWHERE.rpartition("/")[0]))
    note_elsewhere(tables, Listing({".txt": 1}, {}, 1))
    (after,) = (entry["last_modified"] for entry in tables.list_files(ELSEWHERE.rpartition("/")[0]))
    assert after == before
