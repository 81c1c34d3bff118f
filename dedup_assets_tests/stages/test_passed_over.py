from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.passed_over import ELSEWHERE, PassedOver, note_elsewhere, read_passed_over
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST
from dedup_assets_tests.conftest import CollectionOf


def tables_of(collection_of: CollectionOf) -> TableStore:
    return collection_of({}).tables()


def test_what_is_noted_of_partitions_and_elsewhere_is_summed_with_what_turned_out_to_be_no_image(
    collection_of: CollectionOf,
) -> None:
    tables = tables_of(collection_of)
    assert read_passed_over(tables) == PassedOver({}, {})
    note_elsewhere(tables, {".txt": 1}, {"@eaDir": 5})
    for key in ("a", "b"):
        details = {"passed_over": PassedOver({".txt": 2, ".pdf": 1}, {"._*": 3}).details()}
        tables.rewrite(IMAGE_MANIFEST, key, IMAGE_MANIFEST.empty(), "fingerprint", details)
    judged = {"etag": "e", "size_bytes": 1, "feature_version": 1, "decode_status": "no_image", "decode_error": "None."}
    rows = [{"image_id": 1, "path": "a/README", **judged}, {"image_id": 2, "path": "a/x.jpg:large", **judged}]
    tables.rewrite(IMAGE_FEATURES, "a", IMAGE_FEATURES.frame(rows), "fingerprint")
    expected = PassedOver({".txt": 5, ".pdf": 2, "no suffix": 2}, {"@eaDir": 5, "._*": 6})
    assert read_passed_over(tables) == expected


def test_what_did_not_change_is_not_written_again(collection_of: CollectionOf) -> None:
    tables = tables_of(collection_of)
    note_elsewhere(tables, {".txt": 1}, {})
    (before,) = (entry["last_modified"] for entry in tables.list_files(ELSEWHERE.rpartition("/")[0]))
    note_elsewhere(tables, {".txt": 1}, {})
    (after,) = (entry["last_modified"] for entry in tables.list_files(ELSEWHERE.rpartition("/")[0]))
    assert after == before
