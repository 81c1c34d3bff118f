"""The real Dagster UI on a small collection: daemon, web server, browser."""

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import sync_playwright

from dedup_assets.automation.prefixes import range_tags
from dedup_assets.tables import TABLES
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.pipeline.servers import Server, serving, wait_for

ASSETS = [table.name for table in TABLES]
MUTATES = """fetch("/graphql", {method: "POST", headers: {"content-type": "application/json"},
    body: JSON.stringify({query: "mutation {setNuxSeen}"})}).then(answer => answer.status)"""
SUBSCRIBES = """url => new Promise(done => { const socket = new WebSocket(url, "graphql-ws");
    socket.onopen = () => done("open"); socket.onerror = () => done("refused"); })"""


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ui")
    command = [sys.executable, "-m", "dedup_assets.cli"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DEDUP_", "DAGSTER_"))}
    subprocess.run([*command, "demo", "--folder", str(folder)], check=True, env=environment, capture_output=True)
    with serving(folder / "store", folder / "photographs", environment) as running:
        yield running


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert found, "Chromium is missing: run `make setup-test`."
    return found


def partition_keys(ui: Server) -> list[str]:
    query = '{assetNodeOrError(assetKey: {path: ["image_manifest"]}) {... on AssetNode {partitionKeys}}}'
    return list(ui.ask(query)["assetNodeOrError"]["partitionKeys"])


def backfill(ui: Server, assets: list[str], keys: list[str]) -> str:
    launched = ui.ask(
        """mutation ($p: LaunchBackfillParams!) {launchPartitionBackfill(backfillParams: $p)
           {... on LaunchBackfillSuccess {backfillId}}}""",
        p={"assetSelection": [{"path": [name]} for name in assets], "partitionNames": keys},
    )["launchPartitionBackfill"]

    def finished() -> str | None:
        state = ui.ask(
            "query ($b: String!) {partitionBackfillOrError(backfillId: $b) {... on PartitionBackfill {status}}}",
            b=launched["backfillId"],
        )["partitionBackfillOrError"]["status"]
        return None if state in ("REQUESTED", "COMPLETED_PENDING") else str(state)

    return str(wait_for(finished))


def test_the_ui_knows_the_ten_assets_with_descriptions_columns_and_their_latest_metadata(ui: Server) -> None:
    nodes = ui.ask(
        """{assetNodes {assetKey {path} description groupName kinds
            metadataEntries {label} assetMaterializations(limit: 1) {metadataEntries {label}}}}"""
    )["assetNodes"]
    by_name = {node["assetKey"]["path"][-1]: node for node in nodes}
    assert set(by_name) == set(ASSETS)
    for name in ASSETS:
        assert by_name[name]["description"]
        assert by_name[name]["kinds"]
        assert "dagster/column_schema" in {entry["label"] for entry in by_name[name]["metadataEntries"]}
    shown = {entry["label"] for entry in by_name["image_features"]["assetMaterializations"][0]["metadataEntries"]}
    assert {"dagster/partition_row_count", "seconds", "peak_rss_mb", "downloaded_images", "preview"} <= shown


def test_one_asset_of_one_prefix_can_be_materialized(ui: Server) -> None:
    assert backfill(ui, ["image_manifest"], partition_keys(ui)[:1]) == "COMPLETED_SUCCESS"


def test_all_assets_of_all_prefixes_can_be_backfilled(ui: Server) -> None:
    assert backfill(ui, ASSETS[:3], partition_keys(ui)) == "COMPLETED_SUCCESS"


def test_the_nightly_schedule_and_the_sensor_evaluate(ui: Server) -> None:
    repository = {"repositoryLocationName": "dedup_assets", "repositoryName": "__repository__"}
    tick = ui.ask(
        """mutation ($s: ScheduleSelector!) {scheduleDryRun(selectorData: $s, timestamp: 1790000000) {__typename
           ... on DryRunInstigationTick {evaluationResult {runRequests {tags {key}} error {message}}}}}""",
        s={**repository, "scheduleName": "every_night"},
    )["scheduleDryRun"]["evaluationResult"]
    assert tick["error"] is None
    assert "dagster/asset_partition_range_start" in {tag["key"] for tag in tick["runRequests"][0]["tags"]}
    tick = ui.ask(
        """mutation ($s: SensorSelector!) {sensorDryRun(selectorData: $s, cursor: "") {__typename
           ... on DryRunInstigationTick {evaluationResult {skipReason error {message}}}}}""",
        s={**repository, "sensorName": "new_prefixes"},
    )["sensorDryRun"]["evaluationResult"]
    assert tick["error"] is None
    assert tick["skipReason"] == "No new prefixes."


def test_the_running_sensor_reads_all_new_prefixes_in_one_run(ui: Server) -> None:
    known, picture = set(partition_keys(ui)), next(ui.source.rglob("*.jpg")).read_bytes()
    write_files(ui.source, {f"new {name}/1.jpg": picture for name in "ab"})
    name = {"repositoryLocationName": "dedup_assets", "repositoryName": "__repository__", "sensorName": "new_prefixes"}
    ui.ask("mutation ($s: SensorSelector!) {startSensor(sensorSelector: $s) {__typename}}", s=name)

    def finished() -> list[tuple[str, dict[str, str]]]:
        runs = ui.ask(
            """{runsOrError(filter: {tags: [{key: "dagster/sensor_name", value: "new_prefixes"}]}) {... on Runs
               {results {status tags {key value}}}}}"""
        )["runsOrError"]["results"]
        tags = [(run["status"], {tag["key"]: tag["value"] for tag in run["tags"]}) for run in runs]
        return tags if {status for status, _ in tags} <= {"SUCCESS", "FAILURE"} else []

    ((status, tags),) = wait_for(finished)
    assert status == "SUCCESS"
    assert range_tags(["new a", "new b"]).items() <= tags.items()
    assert set(partition_keys(ui)) - known == {"new a", "new b"}


@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        ({"host": "evil.example"}, "POST", 421),
        ({"origin": "http://evil.example"}, "POST", 403),
        ({"origin": "http://evil.example", "content-type": "text/plain"}, "POST", 403),
        ({}, "GET", 405),
        ({"accept": "image/*"}, "GET", 405),
    ],
)
def test_no_other_page_in_the_same_browser_can_change_anything(
    ui: Server, headers: dict[str, str], method: str, status: int
) -> None:
    mutation = urllib.parse.quote("mutation {setNuxSeen}")
    request = urllib.request.Request(f"{ui.url}/graphql?query={mutation}", headers=headers, method=method)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    refused.value.close()
    assert refused.value.code == status


def test_pages_of_the_ui_subscribe_and_change_things_and_others_do_not(ui: Server) -> None:
    frames: list[str] = []
    refused: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1800, "height": 1000})
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
        page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
        page.goto(f"{ui.url}/runs")
        page.locator("a[href^='/runs/']").filter(has_text=re.compile("^[0-9a-f]{8}$")).first.click()
        page.get_by_text("RUN_SUCCESS").first.wait_for(timeout=60_000)
        own = page.evaluate(MUTATES)
        page.goto("about:blank")
        foreign = page.evaluate(SUBSCRIBES, f"{ui.url.replace('http', 'ws')}/graphql")
        browser.close()
    assert any("pipelineRunLogs" in frame for frame in frames)
    assert (own, foreign, refused) == (200, "refused", [])


def test_the_lineage_page_shows_the_ten_assets_from_left_to_right(ui: Server) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1800, "height": 1000})
        page.goto(f"{ui.url}/asset-groups")
        places = {}
        for name in ASSETS:
            label = page.locator("svg, foreignObject").get_by_text(name, exact=True).first
            label.wait_for(timeout=60_000)
            box = label.bounding_box()
            assert box is not None
            places[name] = box["x"]
        browser.close()
    ordered = sorted(ASSETS, key=places.__getitem__)
    assert ordered[0] == "image_manifest"
    assert ordered[-2:] == ["dedup_report", "organized_blobs"]
