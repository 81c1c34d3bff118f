"""Signatures stay out of logs.

Belongs here: the one log filter of the project. Does not belong here: who holds secrets (`resources/azure/credentials.py`).
"""

import logging
import re

_SIGNATURE = re.compile(r"(?i)\b(sig=)[^&\s\"'<>]+")


def redact(text: str) -> str:
    """Replace the signature of every SAS in a text."""
    return _SIGNATURE.sub(r"\1***", text)


def hide_signatures() -> None:
    """Keep signatures out of what urllib3 logs at DEBUG: whole URLs. Calling it again changes nothing."""
    logging.getLogger("urllib3.connectionpool").addFilter(_redact_record)


def _redact_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = redact(record.getMessage()), ()
    return True
