"""Run the nightly job in this process, as the command line does.

Belongs here: where Dagster's records of a store lie, what a store remembers of its last run, and running to the end.
Does not belong here: talking to a person (`commands/`).
"""

import hashlib
import os
from collections.abc import Mapping, Set
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dagster as dg
import polars as pl
import yaml
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run
from dagster._core.execution.job_execution_result import JobExecutionResult
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.tags import WILL_RETRY_TAG
from dagster._core.utils import make_new_run_id
from dagster._core.workspace.load_target import WorkspaceFileTarget

from dedup_assets.automation.nightly import nightly_deduplication
from dedup_assets.automation.prefixes import PREFIXES, range_tags, sync_prefixes
from dedup_assets.automation.unchanged import note_what_is_left
from dedup_assets.errors import NoImagesError, SettingsError
from dedup_assets.instance.local_launcher import process_tags
from dedup_assets.report.summary import RunWork, repeat_summary
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import RECORDS_VARIABLE, connect_to
from dedup_assets.resources.locations import FolderLocation, parse_location
from dedup_assets.settings import POLICIES, Settings, find_secrets, variable_of
from dedup_assets.stages.publishing import SUMMARY
from dedup_assets.stages.workers.memory import peak_rss_mb
from dedup_assets.tables import IMAGE_MANIFEST, ORGANIZED_BLOBS

PROJECT_DOCUMENT = "project.json"
SUMMARY_TEXT, SUMMARY_FIGURES = "report/summary.txt", "report/summary.json"
QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def dagster_home(store: str) -> Path:
    """The folder of Dagster's records for a store: inside a local one, else below the user's data folder.

    That takes those of a path with "?", too, at which the address of an SQLite file would end.
    """
    location = parse_location(store)
    if isinstance(location, FolderLocation) and "?" not in str(location):
        return location.path / "dagster"
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "dedup-assets" / hashlib.sha256(str(location).encode()).hexdigest()[:16]


def prepare_home(settings: Settings) -> Path:
    """Make DAGSTER_HOME ready: its configuration, and the environment that every process of the project reads.

    Raises:
        DatabaseAccessError: the database that is named for Dagster's records cannot be used.
        SettingsError: the folder cannot be made or written.
    """
    if url := os.environ.get(RECORDS_VARIABLE):
        connect_to(url, RECORDS_VARIABLE).close()
    home = dagster_home(settings.store)
    policies = home / "policies.yaml"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for name in ("dagster.yaml", "workspace.yaml"):
            (home / name).write_text(_template(name).read_text(encoding="utf-8"), encoding="utf-8")
        policies.write_text(yaml.safe_dump(settings.policies), encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{settings.store} cannot hold the tables: {error.strerror} ({error.filename or home}). "
            "Give --store a folder that this user may write, on a disk with room."
        ) from error
    os.environ |= {
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        POLICIES: str(policies),
        **{variable_of(setting): _as_text(value) for setting, value in _portable(settings).collection.items()},
    }
    return home


def refuse_another_source(settings: Settings) -> None:
    """Make sure that the store was not filled from elsewhere.

    Raises:
        SettingsError: it was filled from another source, whose report this run would replace.
    """
    before, source = recall(settings.store), _anywhere(settings.source)
    if before and before.source != source:
        raise SettingsError(
            f"{settings.store} was filled from {before.source}, not from {source}. Use another --store; or, if the images "
            f"have moved, delete {PROJECT_DOCUMENT} in it."
        )


def remember(settings: Settings) -> None:
    """Write what the store was filled from beside its tables, for `dedup-assets ui`."""
    document = _portable(settings).collection | {"policies": settings.policies}
    Collection(**settings.collection).tables().write_document(PROJECT_DOCUMENT, document)


def recall(store: str) -> Settings | None:
    """The settings of the last run into a store, None where there was none."""
    location = parse_location(store)
    if isinstance(location, FolderLocation) and not location.path.is_dir():
        return None
    document = Collection(store=store).tables().read_document(PROJECT_DOCUMENT)
    policies = document.get("policies", {}) if document else {}
    for section, name in list(find_secrets(policies)):
        del policies[section][name]  # until 0.2.0 they were written down
    return document and Settings(
        **{name: each for name, each in document.items() if each is not None} | {"store": store}
    )


def run_everything(definitions: dg.Definitions, settings: Settings, accept_loss: str = "") -> str:
    """Discover prefixes, run the nightly job over all of them, and return what a person should know of it.

    `accept_loss` is the digest of images whose loss is meant.

    Raises:
        NoImagesError: no prefix holds an image.
        LostImagesError: the source is empty and was not, or lacks too much of what it held.
        StoreAccessError: the source or the store cannot be reached.
        dg.DagsterError: whatever stopped the run; its cause is the error of the stage.
    """
    collection = Collection(**settings.collection)
    with _records() as instance:
        sync_prefixes(instance, collection)
        keys = instance.get_dynamic_partitions(PREFIXES)
        if not keys:
            raise NoImagesError(
                f"There are no images in {settings.source}. Give a folder or container with image files in it."
            )
        remember(settings)
        config = {"ops": {IMAGE_MANIFEST.name: {"config": {"accept_loss": accept_loss}}}}
        ended = _execute(definitions.resolve_job_def(nightly_deduplication.name), instance, config)
        note_what_is_left(settings, instance)
    told = (event.materialization.metadata.get(SUMMARY) for event in ended.get_asset_materialization_events())
    return _tell_report(settings, next(str(each.value) for each in told if each))


def tell_unchanged(settings: Settings, seconds: float) -> str:
    """Note that there was nothing to do, which took so many `seconds` to find, and return what a person should know."""
    tables = Collection(**settings.collection).tables()
    before, known = ((tables.read_bytes(name) or b"").decode() for name in (SUMMARY_TEXT, SUMMARY_FIGURES))
    work = RunWork(0, 0, 0, 0, {IMAGE_MANIFEST.name: seconds}, peak_rss_mb())
    text, figures = repeat_summary(before, known, work)
    tables.write_bytes(SUMMARY_TEXT, text.encode())
    tables.write_bytes(SUMMARY_FIGURES, figures.encode())
    return _tell_report(settings, text)


def _tell_report(settings: Settings, summary: str) -> str:
    return f"{summary}The report: {settings.store}/report/index.html\n"


def organize(definitions: dg.Definitions, settings: Settings, action: str, companions: bool = True) -> pl.DataFrame:
    """Materialize `organized_blobs` for all prefixes, and return path, destination, state and cause of its rows.

    Raises:
        StoreAccessError: the source or the store cannot be reached.
    """
    with _records() as instance:
        config = {"ops": {ORGANIZED_BLOBS.name: {"config": {"action": action.upper(), "companions": companions}}}}
        _execute(
            definitions.resolve_implicit_global_asset_job_def(), instance, config, {dg.AssetKey(ORGANIZED_BLOBS.name)}
        )
    columns = ["path", "destination", "state", "cause"]
    return Collection(**settings.collection).tables().read_many(ORGANIZED_BLOBS, columns=columns)


def _records() -> dg.DagsterInstance:
    """Dagster's records. A run that fails here is not noted to be tried again, since a person sees it; one that is lost is."""
    never_again = {"run_retries": {"enabled": True, "max_retries": 0}}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(os.environ["DAGSTER_HOME"], overrides=never_again))


def _execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    config: Mapping[str, Any] = MappingProxyType({}),
    assets: Set[dg.AssetKey] | None = None,
) -> JobExecutionResult:
    """Run a job over all prefixes in this process, noted so that a daemon beside it knows whether it lives, and its job."""
    (location,) = WorkspaceFileTarget([str(_template("workspace.yaml"))]).create_origins()
    keys, run_id = instance.get_dynamic_partitions(PREFIXES), make_new_run_id()
    run = instance.create_run_for_job(
        job,
        run_id=run_id,
        run_config={**QUIET, **config},
        tags=range_tags(keys) | process_tags(run_id, os.getpid()) | {WILL_RETRY_TAG: "false"},
        asset_selection=assets,
        remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job.name),
    )
    return execute_run(InMemoryJob(job), run, instance, raise_on_error=True)


def _portable(settings: Settings) -> Settings:
    """The same settings, of which the addresses mean the same from any working directory."""
    return settings.model_copy(update={name: _anywhere(getattr(settings, name)) for name in ("source", "store")})


def _as_text(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list) else str(value)


def _anywhere(address: str) -> str:
    return str(parse_location(address)) if address else ""


def _template(name: str) -> Path:
    """A configuration file of Dagster: at the top of a checkout, or inside the installed package."""
    package = Path(__file__).parents[1]
    beside = package.parent / name
    return beside if beside.exists() else package / "instance" / name
