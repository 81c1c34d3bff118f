import json
from dataclasses import replace

from dedup_assets.report.summary import (
    RunSummary,
    RunWork,
    by_level_in_order,
    repeat_summary,
    summary_json,
    summary_text,
)
from dedup_assets_tests.report.sample_gallery import sample_summary

WORK = RunWork(4, 2_500_000, 1, 3, {"image_manifest": 0.12345, "image_features": 2.0}, 312.06)
NO_WORK = RunWork(0, 0, 0, 0, {"image_manifest": 0.1}, 150.0)


def test_the_text_says_what_was_found() -> None:
    assert summary_text(sample_summary()) == (
        "1,284 images in https://account.blob.core.windows.net/photos/shop\n"
        "  312 duplicates in 3 groups (98 same bytes, 19 same generation, 171 near-duplicate, 24 edited copy)\n"
        "  2.4 GB could be freed\n"
        "  2 files could not be read:\n"
        "    a/ümlaut #1 %.png: Not an image: <html>\n"
        "    b/truncated.jpg: The file ends before the picture does.\n"
    )


def test_the_text_says_what_was_done_and_that_nothing_was_where_nothing_had_changed() -> None:
    assert summary_text(sample_summary(), WORK).splitlines()[-1] == (
        "Downloaded 4 images (2.5 MB), verified 1 pair, embedded 3 images in 2.1 s, at most 312 MB of memory."
    )
    assert "Nothing had changed: 0 bytes downloaded" in summary_text(sample_summary(), NO_WORK)
    restored = replace(NO_WORK, renewed_tables=["dedup_report", "representatives"])
    assert (
        summary_text(sample_summary(), restored)
        .splitlines()[-1]
        .startswith(
            "Made anew: dedup_report, representatives: 0 bytes downloaded, 0 pairs verified, 0 images embedded ("
        )
    )


def test_empty_and_duplicate_free_collections_get_a_sentence() -> None:
    assert summary_text(RunSummary("/photos", 0, 0, 0, 0, 0)) == "No images in /photos.\n"
    emptied = summary_text(RunSummary("/photos", 0, 0, 0, 0, 0), WORK)
    again, _ = repeat_summary(emptied, summary_json(RunSummary("/photos", 0, 0, 0, 0, 0), WORK), NO_WORK)
    assert again.startswith("No images in /photos.\nNothing had changed")
    assert "no duplicates: every picture is there once" in summary_text(RunSummary("/photos", 1, 0, 0, 0, 0))


def test_only_the_first_causes_are_listed_and_the_others_counted() -> None:
    causes = [(f"{number:04d}.jpg", "Not an image.") for number in range(1000, 0, -1)]
    lines = summary_text(replace(sample_summary(), unreadable=1000, unreadable_causes=causes)).splitlines()
    assert "    0010.jpg: Not an image." in lines
    assert lines[-1] == "    and 990 more, all in the report"


def test_a_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in summary_text(replace(sample_summary(), unreadable_causes=[("\x1b[2J", "\x1b]0;x\x07")]))


def test_levels_stand_surest_first_and_look_alikes_are_no_duplicates() -> None:
    assert by_level_in_order({"copy": 1, "other": 2, "similar": 5, "exact": 3, "near": 0}) == [
        ("exact", 3), ("copy", 1), ("other", 2),
    ]  # fmt: skip


def test_the_json_has_exactly_the_promised_keys() -> None:
    figures = json.loads(summary_json(sample_summary(), WORK))
    assert figures == {
        "images": 1284, "groups": 3, "duplicates": 312, "unreadable": 2, "bytes_reclaimable": 2_437_000_000,
        "other_files": 0, "left_out_files": 0,
        "downloaded_images": 4, "downloaded_bytes": 2_500_000, "verified_pairs": 1, "embedded_images": 3,
        "seconds": {"image_manifest": 0.123, "image_features": 2.0}, "peak_rss_mb": 312.1,
        "renewed_tables": [],
    }  # fmt: skip
