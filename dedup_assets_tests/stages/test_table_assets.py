"""What Dagster shows of an asset before it ever ran."""

from dataclasses import replace

import dagster as dg
import polars as pl
import pytest
from obstore.exceptions import GenericError

from dedup_assets.contracts import Column, Table
from dedup_assets.errors import DatabaseAwayError, MendableError, SettingsError, StoreAwayError
from dedup_assets.partitions import blob_prefix
from dedup_assets.stages import table_assets
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST

SHOES = Table(
    "shoes",
    "Shoes on sale.",
    ("shoe_id",),
    (
        Column("shoe_id", pl.Int64, "One shoe"),
        Column("length", pl.Float64, "Length of the sole", "cm", nullable=True),
    ),
)


@table_asset(SHOES, {"polars"}, "1", reads=[IMAGE_MANIFEST], reads_all=[IMAGE_FEATURES])
def shoes(context: dg.AssetExecutionContext) -> None:
    """Do nothing."""


def test_an_asset_is_described_by_its_table() -> None:
    spec = shoes.specs_by_key[dg.AssetKey("shoes")]
    assert spec.description == SHOES.description
    assert spec.kinds == {"parquet", "polars"}
    assert (spec.code_version, spec.partitions_def) == ("1", blob_prefix)
    columns = spec.metadata["dagster/column_schema"].columns
    assert [(column.name, column.type, column.description) for column in columns] == [
        ("shoe_id", "Int64", "One shoe"),
        ("length", "Float64", "Length of the sole [cm]"),
    ]
    assert [(column.constraints.nullable, column.constraints.unique) for column in columns] == [
        (False, True),
        (True, False),
    ]


def test_an_asset_depends_on_the_same_partition_of_some_tables_and_on_all_partitions_of_others() -> None:
    deps = {dep.asset_key.to_user_string(): dep.partition_mapping for dep in shoes.specs_by_key[shoes.key].deps}
    assert deps == {"image_manifest": None, "image_features": dg.AllPartitionMapping()}


@pytest.mark.parametrize(("in_one_run", "at_most"), [(True, None), (False, 50)])
def test_a_backfill_is_one_run_or_several_as_the_stage_asks(in_one_run: bool, at_most: int | None) -> None:
    def boots(context: dg.AssetExecutionContext) -> None:
        """Do nothing."""

    asset = table_asset(replace(SHOES, name="boots"), set(), "1", in_one_run=in_one_run)(boots)
    assert asset.backfill_policy == dg.BackfillPolicy(max_partitions_per_run=at_most)


@pytest.mark.parametrize(
    ("error", "told", "tries"),
    [
        (DatabaseAwayError("gone"), DatabaseAwayError, 3),
        (StoreAwayError("gone"), StoreAwayError, 3),
        (GenericError("Generic MicrosoftAzure error: gone?sig=secret"), StoreAwayError, 3),
        (SettingsError("wrong"), SettingsError, 1),
    ],
)
def test_a_step_is_tried_again_where_something_was_away_and_for_no_error_of_ours(
    error: Exception, told: type[MendableError], tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_assets, "AFTER_S", 0)
    begun = []

    def sandals(context: dg.AssetExecutionContext) -> None:
        begun.append(context.retry_number)
        raise error

    asset = table_asset(replace(SHOES, name="sandals"), set(), "1")(sandals)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(blob_prefix.name), ["a"])
        with pytest.raises(told, match=r"gone|wrong|did not answer"):
            dg.materialize([asset], partition_key="a", instance=instance)
        logged = [str(entry) for run in instance.get_runs() for entry in instance.all_logs(run.run_id)]
    assert any(told.__name__ in entry for entry in logged)
    assert not any("secret" in entry for entry in logged)
    assert begun == [*range(tries)]
