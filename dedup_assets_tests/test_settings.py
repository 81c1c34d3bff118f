"""Settings from the environment and from a file of policies, and what a person is told where they are wrong."""

from pathlib import Path

import pytest
from pydantic import Field

from dedup_assets.definitions import POLICIES as SECTIONS
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.throttle import RateLimits
from dedup_assets.settings import (
    DECODE_TIMEOUT,
    MAX_BYTES,
    MAX_REQUESTS,
    POLICIES,
    PREFIX_DEPTH,
    READS,
    SOURCE,
    STORE,
    WORKERS,
    Settings,
    SettingsError,
    build_policies,
    read_policies,
)
from dedup_assets.stages.stage import Policy


class ShoePolicy(Policy):
    """Which shoes count."""

    largest_cm: float = Field(default=30.0, gt=0, description="Length of the largest sole")


KINDS: dict[str, type[Policy]] = {"shoes": ShoePolicy}


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment() == Settings()
    assert Settings() == Settings("", "dedup-store", 1, None, {}, False)


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text("shoes:\n  largest_cm: 28\n")
    for name, value in {
        SOURCE: "/photos", STORE: "/store", PREFIX_DEPTH: "2", WORKERS: "3",
        MAX_REQUESTS: "50", MAX_BYTES: "1000000", DECODE_TIMEOUT: "9", POLICIES: str(tmp_path / "policies.yaml"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    expected = Settings("/photos", "/store", 2, 3, {"shoes": {"largest_cm": 28}}, False, 50, 1_000_000, 9)
    assert Settings.from_environment() == expected


@pytest.mark.parametrize(
    ("name", "value", "bounds"),
    [
        (WORKERS, "0", "1 to 256"),
        (READS, "257", "1 to 256"),
        (MAX_REQUESTS, "-1", "1 to 1000000"),
        (MAX_BYTES, "1000", "65536 to 1000000000000"),
        (DECODE_TIMEOUT, "0", "1 to 86400"),
    ],
)
def test_a_number_out_of_its_bounds_is_told_with_them(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, bounds: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name} is {value}, but a whole number from {bounds} was expected"):
        Settings.from_environment()


@pytest.mark.parametrize("name", [PREFIX_DEPTH, WORKERS, READS, MAX_REQUESTS, MAX_BYTES, DECODE_TIMEOUT])
def test_a_number_that_is_none_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "two")
    with pytest.raises(SettingsError, match=f"{name} is 'two', but a whole number was expected"):
        Settings.from_environment()


def test_settings_make_a_collection() -> None:
    collection = Collection(**Settings("/photos", "/store", 2).collection)
    assert (collection.source, collection.store, collection.prefix_depth) == ("/photos", "/store", 2)
    assert collection.workers == Collection().workers
    limited = Collection(
        **Settings(workers=3, reads=7, max_requests_per_s=5, max_bytes_per_s=70_000, decode_timeout_s=9).collection
    )
    assert (limited.workers, limited.reads, limited.decode_timeout_s) == (3, 7, 9)
    assert limited.rates == RateLimits(5, 70_000)


@pytest.mark.parametrize("path", [None, ""])
def test_without_a_file_there_are_no_policies(path: str | None) -> None:
    assert read_policies(path) == {}


def test_an_empty_file_has_no_policies(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").touch()
    assert read_policies(str(tmp_path / "policies.yaml")) == {}


@pytest.mark.parametrize("text", ["- shoes\n", "shoes: 30\n", "shoes\n", "shoes:\n"])
def test_a_file_that_holds_no_sections_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "policies.yaml").write_text(text)
    with pytest.raises(SettingsError, match=r"policies\.yaml must hold a section an asset"):
        read_policies(str(tmp_path / "policies.yaml"))


@pytest.mark.parametrize("data", [b"shoes: [", b"\xff\xfe\x00", b"shoes:\n\tlargest: 1"])
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "policies.yaml").write_bytes(data)
    with pytest.raises(SettingsError, match=r"policies\.yaml cannot be read"):
        read_policies(str(tmp_path / "policies.yaml"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: .*No such file"):
        read_policies(str(tmp_path / "none.yaml"))


def test_policies_are_made_with_their_settings_and_defaults() -> None:
    assert build_policies(KINDS, {})["shoes"] == ShoePolicy()
    assert build_policies(KINDS, {"shoes": {"largest_cm": 28}})["shoes"] == ShoePolicy(largest_cm=28)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"socks": {}}, r"Unknown policy sections \['socks'\]; known are \['shoes'\]"),
        (
            {"shoes": {"largest": 1}},
            r"Unknown settings \['largest'\] in policy section 'shoes'; known are \['largest_cm'\]",
        ),
        ({"shoes": {"largest_cm": -1}}, "shoes: largest_cm is -1: Input should be greater than 0"),
        ({"shoes": {"largest_cm": "long"}}, "shoes: largest_cm is 'long': Input should be a valid number"),
    ],
)
def test_what_is_wrong_with_a_policy_is_told_in_one_sentence(settings: dict[str, dict[str, object]], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        build_policies(KINDS, settings)


def test_every_section_is_named_after_the_asset_that_obeys_it_and_every_setting_says_what_it_does() -> None:
    for section, (resource, kind) in SECTIONS.items():
        assert resource.endswith("_policy"), section
        assert all(field.description for field in kind.model_fields.values()), section
