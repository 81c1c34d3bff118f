"""How the asset of a table is declared: all that Dagster shows of it before it ever ran follows from the table.

Belongs here: name, description, partitions, lineage and columns of an asset, and for which errors it is tried again. Does not
belong here: what happens while it runs (`stages/stage.py`).
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import dagster as dg
from obstore.exceptions import GenericError

from dedup_assets.contracts import Column, Table
from dedup_assets.errors import DatabaseAwayError, StoreAwayError
from dedup_assets.partitions import blob_prefix

GROUP = "deduplication"
"""One group for all ten assets: the lineage then shows each of them, where several groups would stand there folded."""

PARTITIONS_A_RUN = 50
"""A backfill of stages that read bytes is split into runs of this many partitions, which may stand on several machines."""

TRIED_AGAIN, AFTER_S = 2, 60
"""How often Dagster tries the step of a stage again that lost its way to database, source or store for longer than it asks."""

ON_THIS_MACHINE = "Generic LocalFileSystem error"


def table_asset(
    table: Table,
    kinds: set[str],
    code_version: str,
    reads: Sequence[Table] = (),
    reads_all: Sequence[Table] = (),
    in_one_run: bool = False,
) -> Callable[[Callable[..., None]], dg.AssetsDefinition]:
    """Decorate the asset of a table: its name, description, partitions and column schema follow from the table.

    Args:
        table: what the asset writes.
        kinds: what it is made with; parquet is added.
        code_version: raised whenever the same inputs give another table.
        reads: tables of which it reads the same partition.
        reads_all: tables of which it reads every partition.
        in_one_run: a backfill is one run, for stages whose result is one for all partitions.
    """
    everywhere = [dg.AssetDep(other.name, partition_mapping=dg.AllPartitionMapping()) for other in reads_all]
    policy = dg.BackfillPolicy.single_run() if in_one_run else dg.BackfillPolicy.multi_run(PARTITIONS_A_RUN)
    declare = dg.asset(
        name=table.name,
        description=table.description,
        partitions_def=blob_prefix,
        deps=[*(other.name for other in reads), *everywhere],
        group_name=GROUP,
        kinds={"parquet", *kinds},
        code_version=code_version,
        backfill_policy=policy,
        metadata={
            "dagster/column_schema": dg.TableSchema([_describe_column(table, column) for column in table.columns])
        },
    )
    return lambda body: declare(_tried_again(body))


def _tried_again(body: Callable[..., None]) -> Callable[..., None]:
    """Have Dagster try the step again where something was away; the last time its error comes out as it is."""

    @wraps(body)
    def run(context: dg.AssetExecutionContext, **resources: Any) -> None:
        try:
            return body(context, **resources)
        except GenericError as error:  # its text may hold a signature
            if str(error).startswith(ON_THIS_MACHINE):
                raise
            away: Exception = StoreAwayError(
                "The container of the store did not answer: check its account and the network."
            )
        except (DatabaseAwayError, StoreAwayError) as error:
            away = error
        if context.retry_number >= TRIED_AGAIN:
            raise away
        context.log.warning(f"{context.asset_key.to_user_string()} is tried again in {AFTER_S} s: {away}")
        raise dg.RetryRequested(max_retries=TRIED_AGAIN, seconds_to_wait=AFTER_S) from away

    return run


def _describe_column(table: Table, column: Column) -> dg.TableColumn:
    return dg.TableColumn(
        column.name,
        type=str(column.dtype),
        description=column.description + (f" [{column.unit}]" if column.unit else ""),
        constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=table.key == (column.name,)),
    )
