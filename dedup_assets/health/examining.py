"""All looks in their order, each on its own: what makes one fail becomes its finding.

Belongs here: the order. Does not belong here: a look, or telling a person (`commands/doctor.py`).
"""

from collections.abc import Callable, Iterator

from dedup_assets.errors import MendableError
from dedup_assets.health.contents import look_at_decisions, look_at_layout, look_at_tables
from dedup_assets.health.finding import Finding
from dedup_assets.health.machine import look_at_disks, look_at_versions
from dedup_assets.health.memory import look_at_memory
from dedup_assets.health.places import look_at_credentials, look_at_settings, look_at_source, look_at_store
from dedup_assets.health.services import look_at_dagster, look_at_database, look_at_folders
from dedup_assets.settings import Settings

Look = Callable[[Settings], Iterator[Finding]]

LOOKS: tuple[Look, ...] = (
    look_at_versions,
    look_at_disks,
    look_at_memory,
    look_at_settings,
    look_at_credentials,
    look_at_source,
    look_at_store,
    look_at_database,
    look_at_dagster,
    look_at_folders,
    look_at_tables,
    look_at_layout,
    look_at_decisions,
)


def examine(settings: Settings) -> Iterator[Finding]:
    """What all looks find, in their order, a damaged file once; raises nothing of theirs."""
    damaged = set[str]()
    for look in LOOKS:
        for finding in examine_by(look, settings):
            named = finding.told.split()[0]
            if finding.state != "wrong" or named not in damaged:
                yield finding
            damaged |= {named} if finding.state == "wrong" and named.endswith((".json", ".parquet")) else set()


def examine_by(look: Look, settings: Settings) -> Iterator[Finding]:
    """What one look finds, and why it could not go on."""
    subject = look.__name__.removeprefix("look_at_")
    try:
        yield from look(settings)
    except MendableError as error:
        yield Finding(subject, str(error), "wrong")
    except Exception as error:  # noqa: BLE001 - whatever is broken is to be told, and the other looks go on
        told = f"it could not be looked at ({type(error).__name__}: {str(error)[:200]})"
        yield Finding(subject, told, "wrong", "mend what the other lines name first, or report this line")
