import logging

import pytest

from dedup_assets.resources.redaction import hide_signatures, redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "https://a.blob.core.windows.net/c/p?sv=1&sig=X, the store",
            "https://a.blob.core.windows.net/c/p?sv=1&sig=***, the store",
        ),
        ("az://me:key@account/c#1/p", "az://***@account/c#1/p"),
        ("az://account/mail@home", "az://account/mail@home"),
        ("/home/me@work/what? #1/key=1", "/home/me@work/what? #1/key=1"),
        ("code=abc", "code=***"),
        ("https://x/?code=abc%3D&clientId=1", "https://x/?code=***&clientId=1"),
        (
            "DefaultEndpointsProtocol=https;AccountKey=abc==;EndpointSuffix=x",
            "DefaultEndpointsProtocol=https;AccountKey=***;EndpointSuffix=x",
        ),
    ],
)
def test_what_lets_somebody_in_is_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown


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
