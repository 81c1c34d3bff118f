"""Dagster's UI as `dagster dev` starts it, but for the web server: `python -m dedup_assets.serving.dagster_ui` takes its options.

Belongs here: which web server is started. Does not belong here: that server (`guarded_webserver.py`), the command.
"""

from collections.abc import Sequence
from typing import Any

from dagster._cli import dev
from dagster_shared.ipc import open_ipc_subprocess


def _open_guarded(parts: Sequence[str], **options: Any) -> Any:
    guarded = {"dagster_webserver": "dedup_assets.serving.guarded_webserver"}
    return open_ipc_subprocess([guarded.get(part, part) for part in parts], **options)


if __name__ == "__main__":
    dev.open_ipc_subprocess = _open_guarded  # type: ignore[attr-defined]
    dev.dev_command()
