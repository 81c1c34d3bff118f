from collections.abc import Iterator

import pytest

from dedup_assets.errors import StoreAccessError
from dedup_assets.health.examining import LOOKS, examine_by
from dedup_assets.health.finding import Finding
from dedup_assets.health.places import look_at_settings
from dedup_assets.settings import Settings


def look_at_trouble(_: Settings) -> Iterator[Finding]:
    yield Finding("first", "is well")
    raise StoreAccessError("The disk is away: mount it.")


def look_at_bugs(_: Settings) -> Iterator[Finding]:
    yield from ()
    raise KeyError("https://x/?sig=hunter2&sv=1")


def test_what_makes_a_look_fail_becomes_its_line() -> None:
    well, wrong = examine_by(look_at_trouble, Settings())
    assert (str(well), str(wrong)) == (
        "ok     first        is well",
        "wrong  trouble      The disk is away: mount it.",
    )


def test_what_nobody_thought_of_is_told_without_a_secret() -> None:
    (wrong,) = examine_by(look_at_bugs, Settings())
    assert wrong.state == "wrong"
    assert "it could not be looked at (KeyError: 'https://x/?sig=***&sv=1')" in str(wrong)


def test_a_signature_in_the_source_of_the_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEDUP_SOURCE", "https://account.blob.core.windows.net/shop?sp=rl&sig=hunter2")
    (told,) = examine_by(look_at_settings, Settings.from_environment())
    assert "source https://account.blob.core.windows.net/shop?sp=rl&sig=***, store dedup-store" in str(told)


def test_every_look_says_what_it_looks_at() -> None:
    assert all(look.__name__.startswith("look_at_") and look.__doc__ for look in LOOKS)
