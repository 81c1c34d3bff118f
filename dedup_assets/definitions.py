"""Everything that Dagster loads: assets, checks, jobs, schedule, sensor and resources.

Belongs here: the wiring of all parts. Does not belong here: any behaviour.
"""

import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import dagster as dg

from dedup_assets.assets import (
    dedup_report,
    embeddings,
    image_features,
    image_manifest,
    metadata_hashes,
    organized_blobs,
    representatives,
    similar_groups,
    verified_groups,
    wavelet_groups,
)
from dedup_assets.automation.nightly import every_night, new_prefixes, nightly_deduplication
from dedup_assets.automation.prefixes import discover_prefixes
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.settings import Settings, build_policies
from dedup_assets.stages.grouping.groups import KeepPolicy
from dedup_assets.stages.pairs.verifier import VerificationPolicy
from dedup_assets.stages.stage import Policy

# Stages that read bytes are backfilled in several runs, those that look across prefixes in one: a job over both is meant.
warnings.filterwarnings("ignore", message="Asset job .* materializes assets with varying BackfillPolicies")

ASSET_MODULES: tuple[ModuleType, ...] = (
    image_manifest,
    image_features,
    metadata_hashes,
    wavelet_groups,
    verified_groups,
    representatives,
    embeddings,
    similar_groups,
    dedup_report,
    organized_blobs,
)

POLICIES: Mapping[str, tuple[str, type[Policy]]] = {
    "image_features": ("feature_policy", image_features.FeaturePolicy),
    "wavelet_groups": ("candidate_policy", wavelet_groups.CandidatePolicy),
    "verified_groups": ("verification_policy", VerificationPolicy),
    "representatives": ("keep_policy", KeepPolicy),
    "embeddings": ("embedding_policy", embeddings.EmbeddingPolicy),
    "similar_groups": ("similarity_policy", similar_groups.SimilarityPolicy),
}
"""Section of the policy file, which is the asset's name: the resource it fills and its type."""


def build_resources(settings: Settings) -> dict[str, Any]:
    """All resources for the given settings.

    Raises:
        SettingsError: a policy section or setting is unknown or out of bounds.
    """
    kinds = {section: kind for section, (_, kind) in POLICIES.items()}
    policies = build_policies(kinds, settings.policies)
    return {
        "collection": Collection(**settings.collection),
        "progress": ProgressReporter(at_terminal=settings.at_terminal),
        "database": DatabaseResource(store=settings.store),
        **{name: policies[section] for section, (name, _) in POLICIES.items()},
    }


def build_definitions(settings: Settings) -> dg.Definitions:
    """The whole project for the given settings."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(ASSET_MODULES),
        asset_checks=dg.load_asset_checks_from_modules(ASSET_MODULES),
        jobs=[nightly_deduplication, discover_prefixes],
        schedules=[every_night],
        sensors=[new_prefixes],
        resources=build_resources(settings),
        executor=dg.in_process_executor,
    )


defs = build_definitions(Settings.from_environment())
