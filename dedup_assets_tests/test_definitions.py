"""What Dagster loads: fast, whole, in order, and described."""

import json
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from dedup_assets.definitions import build_definitions, build_resources, defs
from dedup_assets.errors import SettingsError
from dedup_assets.policies import POLICIES, VerificationPolicy
from dedup_assets.settings import Settings
from dedup_assets.stages.table_assets import GROUP
from dedup_assets.tables import TABLES

NAMES = [table.name for table in TABLES]
HEAVY = ["torch", "open_clip", "timm", "sentence_transformers", "faiss", "matplotlib", "skimage"]
MAX_LOAD_S = 3.0

LOADING = f"""
import json, sys, time
from dedup_assets.definitions import defs
print(json.dumps([time.process_time(), sorted(set({HEAVY}) & set(sys.modules))]))
"""

LINEAGE = {
    "image_manifest": set(),
    "image_features": {"image_manifest"},
    "metadata_hashes": {"image_features"},
    "wavelet_groups": {"image_features", "metadata_hashes"},
    "verified_groups": {"wavelet_groups"},
    "representatives": {"verified_groups"},
    "embeddings": {"representatives", "metadata_hashes"},
    "similar_groups": {"embeddings"},
    "dedup_report": {"representatives", "similar_groups"},
    "organized_blobs": {"dedup_report"},
}
"""What each asset reads, as the design has it."""


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    return defs.resolve_asset_graph()


def key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name)


def test_a_fresh_process_loads_the_definitions_in_no_time_and_without_any_heavy_library() -> None:
    outcome = subprocess.run([sys.executable, "-c", LOADING], check=True, capture_output=True)
    seconds, heavy = json.loads(outcome.stdout)
    assert heavy == []
    assert seconds < MAX_LOAD_S


def test_everything_that_is_defined_can_be_loaded() -> None:
    dg.Definitions.validate_loadable(defs)


def test_there_are_the_ten_assets_and_no_other(graph: AssetGraph) -> None:
    assert {asset.to_user_string() for asset in graph.get_all_asset_keys()} == set(NAMES) == set(LINEAGE)


@pytest.mark.parametrize("name", NAMES)
def test_every_asset_stands_in_its_place_in_the_lineage(graph: AssetGraph, name: str) -> None:
    parents = {parent.to_user_string() for parent in graph.get(key(name)).parent_keys}
    assert parents == LINEAGE[name]


def test_the_lineage_goes_from_source_to_report_in_the_order_of_the_tables(graph: AssetGraph) -> None:
    levels = [level for keys in graph.toposorted_asset_keys_by_level for level in [{k.to_user_string() for k in keys}]]
    level_of = {name: number for number, names in enumerate(levels) for name in names}
    assert [level_of[name] for name in NAMES] == sorted(level_of[name] for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_asset_has_what_a_person_looks_for(graph: AssetGraph, name: str) -> None:
    (table,) = [table for table in TABLES if table.name == name]
    node = graph.get(key(name))
    assert node.group_name == GROUP
    assert "parquet" in node.kinds
    assert node.description == table.description
    assert node.code_version
    assert node.partitions_def == dg.DynamicPartitionsDefinition(name="blob_prefix")
    assert node.backfill_policy is not None
    schema = node.metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == table.column_names
    assert all(column.description and column.type for column in schema.columns)


@pytest.mark.parametrize("name", ["image_features", "verified_groups", "representatives", "dedup_report"])
def test_stages_that_could_lose_something_have_a_check_that_blocks(graph: AssetGraph, name: str) -> None:
    checks = [graph.get_check_spec(check) for check in graph.asset_check_keys if check.asset_key == key(name)]
    assert [check for check in checks if check.blocking]
    assert all(check.description for check in checks)


def test_the_nightly_job_runs_everything_but_the_copying() -> None:
    job = defs.resolve_job_def("nightly_deduplication")
    selected = {asset.to_user_string() for asset in job.asset_layer.executable_asset_keys}
    assert selected == set(NAMES) - {"organized_blobs"}


def test_nothing_that_runs_by_itself_selects_the_copying() -> None:
    repository = defs.get_repository_def()
    jobs = [schedule.job_name for schedule in repository.schedule_defs]
    jobs += [target.job_name for sensor in repository.sensor_defs for target in sensor.targets]
    assert jobs == ["nightly_deduplication", "nightly_deduplication", "discover_prefixes"]  # which has no assets


def test_jobs_schedule_and_sensor_say_what_they_do() -> None:
    repository = defs.get_repository_def()
    assert {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")} == {
        "nightly_deduplication", "discover_prefixes",
    }  # fmt: skip
    assert all(schedule.description for schedule in repository.schedule_defs)
    assert all(sensor.description for sensor in repository.sensor_defs)
    assert all(defs.resolve_job_def(name).description for name in ("discover_prefixes", "nightly_deduplication"))


def test_every_policy_section_is_an_asset() -> None:
    assert set(POLICIES) <= set(NAMES)


def test_settings_reach_the_resources() -> None:
    settings = Settings(
        source="/photos", store="/store", prefix_depth=3, policies={"verified_groups": {"min_overlap": 0.5}}
    )
    resources = build_resources(settings)
    assert (resources["collection"].source, resources["collection"].prefix_depth) == ("/photos", 3)
    assert resources["verification_policy"] == VerificationPolicy(min_overlap=0.5)


def test_a_wrong_policy_is_told_when_definitions_are_built() -> None:
    with pytest.raises(SettingsError, match="Unknown policy sections"):
        build_definitions(Settings(policies={"shoes": {}}))
