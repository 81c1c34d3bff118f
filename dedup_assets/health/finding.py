"""What a look at one thing ends in.

Belongs here: the one shape of all findings. Does not belong here: looking.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dedup_assets.resources.redaction import redact

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what came, and, where that is not as expected, what to do.

    `note` is nothing wrong, but may be what somebody wonders about. `repair` is safe: it loses nothing that cannot be had again,
    and returns what it did. Written out, it holds no secret, whoever wrote one into a setting.
    """

    subject: str
    told: str
    state: State = "ok"
    remedy: str = ""
    repair: Callable[[], str] | None = None

    def __str__(self) -> str:
        return redact(f"{self.state:5}  {self.subject:11}  {self.told}{f': {self.remedy}' if self.remedy else ''}")
