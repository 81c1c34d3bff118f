"""Two small assets and a check, run night after night by the tests of Dagster's records."""

import dagster as dg

DAYS = dg.DynamicPartitionsDefinition(name="blob_prefix")


@dg.asset(partitions_def=DAYS)
def listed() -> None:
    """What another is made from."""


@dg.asset(partitions_def=DAYS, deps=[listed], automation_condition=dg.AutomationCondition.eager())
def grouped() -> None:
    """Asked for as soon as it is missing, or older than what it is made from."""


@dg.asset_check(asset=grouped)
def nothing_is_lost() -> dg.AssetCheckResult:
    """Passes."""
    return dg.AssetCheckResult(passed=True)


defs = dg.Definitions(assets=[listed, grouped], asset_checks=[nothing_is_lost])
