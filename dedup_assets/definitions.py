"""Everything that Dagster loads: assets, checks, jobs, schedule, sensor and resources.

Belongs here: the wiring of all parts. Does not belong here: any behaviour.
"""

import warnings
from typing import Any

import dagster as dg

from dedup_assets import assets
from dedup_assets.automation.nightly import every_night, new_prefixes, nightly_deduplication
from dedup_assets.automation.prefixes import discover_prefixes
from dedup_assets.policies import build_policies
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.settings import Settings

# Stages that read bytes are backfilled in several runs, those that look across prefixes in one: a job over both is meant.
warnings.filterwarnings("ignore", message="Asset job .* materializes assets with varying BackfillPolicies")


ASSETS = dg.load_assets_from_package_module(assets)
CHECKS = dg.load_asset_checks_from_package_module(assets)


def build_resources(settings: Settings) -> dict[str, Any]:
    """All resources for the given settings.

    Raises:
        SettingsError: a policy section or setting is unknown or out of bounds.
    """
    return {
        "collection": Collection(**settings.collection),
        "progress": ProgressReporter(at_terminal=settings.at_terminal),
        "database": DatabaseResource(store=settings.store),
        **build_policies(settings.policies),
    }


def build_definitions(settings: Settings) -> dg.Definitions:
    """The whole project for the given settings."""
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        jobs=[nightly_deduplication, discover_prefixes],
        schedules=[every_night],
        sensors=[new_prefixes],
        resources=build_resources(settings),
        executor=dg.in_process_executor,
    )


defs = build_definitions(Settings.from_environment())
