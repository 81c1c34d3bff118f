"""Dagster's UI as `dagster dev` starts it, but for the web server: `dev_command` is that command, and this module a program.

Belongs here: which web server is started. Does not belong here: that server (`guarded_webserver.py`), the command `ui`.
"""

from collections.abc import Sequence
from typing import Any

from dagster._cli import dev
from dagster._cli.dev import dev_command
from dagster_shared.ipc import open_ipc_subprocess

__all__ = ["dev_command"]


def _open_guarded(parts: Sequence[str], **options: Any) -> Any:
    guarded = {"dagster_webserver": "dedup_assets.serving.guarded_webserver"}
    return open_ipc_subprocess([guarded.get(part, part) for part in parts], **options)


dev.open_ipc_subprocess = _open_guarded  # type: ignore[attr-defined]

if __name__ == "__main__":
    dev_command()
