import logging

import pytest

from dedup_assets.resources.redaction import hide_signatures, redact


def test_only_the_signature_of_an_address_is_hidden() -> None:
    address = "https://photos1.blob.core.windows.net/shop?sp=rl&sig=abc%2Bdef%3D&sv=2024-11-04"
    assert redact(address) == "https://photos1.blob.core.windows.net/shop?sp=rl&sig=***&sv=2024-11-04"
    assert redact("config=abc") == "config=abc"


def test_the_http_library_logs_no_signature(caplog: pytest.LogCaptureFixture) -> None:
    hide_signatures()
    hide_signatures()
    log = logging.getLogger("urllib3.connectionpool")
    with caplog.at_level(logging.DEBUG):
        log.debug('%s "%s %s" %s', "https://x", "GET", "/shop?restype=container&sig=abc%2Bdef", 200)
    assert caplog.messages == ['https://x "GET /shop?restype=container&sig=***" 200']
