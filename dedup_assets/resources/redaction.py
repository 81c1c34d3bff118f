"""Secrets stay out of logs, reports and what people are told.

Belongs here: hiding them, and the one log filter of the project. Does not belong here: what counts as one (`settings.py`), who
holds them (`resources/azure/credentials.py`).
"""

import logging

from dedup_assets.settings import SECRET


def redact(text: str) -> str:
    """Replace every secret in a text."""
    return SECRET.sub(r"\1\2***", text)


def hide_signatures() -> None:
    """Keep signatures out of what urllib3 logs at DEBUG: whole URLs. Calling it again changes nothing."""
    logging.getLogger("urllib3.connectionpool").addFilter(_redact_record)


def _redact_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = redact(record.getMessage()), ()
    return True
