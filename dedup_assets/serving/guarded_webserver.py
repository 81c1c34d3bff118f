"""Dagster's web server behind the guard: `python -m dedup_assets.serving.guarded_webserver` takes its options.

Belongs here: laying the one around the other. Does not belong here: what is let in (`guard.py`).
"""

import os
from typing import Any

import dagster_webserver.app
from dagster_webserver.cli import main
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from dedup_assets.serving.guard import Guard

HOSTS = "DEDUP_ALLOWED_HOSTS"
"""Names by which browsers may call it beside its own, with spaces between."""


class GuardedWebserver(DagsterWebserver[Any, Any]):
    """Dagster's application, of which GraphQL is read by POST only: a query that is got may be a mutation."""

    def build_middleware(self) -> list[Middleware]:
        """The guard first."""
        guard = Middleware(Guard, hosts=os.environ.get(HOSTS, "").split(), posted=("/graphql",))
        return [guard, *super().build_middleware()]


if __name__ == "__main__":
    dagster_webserver.app.DagsterWebserver = GuardedWebserver  # type: ignore[attr-defined]
    main()  # type: ignore[no-untyped-call]
