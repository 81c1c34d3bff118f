"""Settings from the environment and from a file of policies, and what a person is told where they are wrong."""

from pathlib import Path

import pytest

from dedup_assets.errors import SettingsError
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.throttle import RateLimits
from dedup_assets.settings import Settings, read_policies


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment() == Settings()
    assert (Settings().source, Settings().store, Settings().collection) == ("", "dedup-store", {"store": "dedup-store"})


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text("shoes:\n  largest_cm: 28\n")
    for name, value in {
        "DEDUP_SOURCE": "/photos", "DEDUP_STORE": "/store", "DEDUP_PREFIX_DEPTH": "2", "DEDUP_WORKERS": "3",
        "DEDUP_READS": "4", "DEDUP_MAX_REQUESTS_PER_S": "50", "DEDUP_MAX_BYTES_PER_S": "1000000",
        "DEDUP_DECODE_TIMEOUT": "9", "DEDUP_POLICIES": str(tmp_path / "policies.yaml"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert Settings.from_environment() == Settings(
        source="/photos", store="/store", prefix_depth=2, workers=3, reads=4, max_requests_per_s=50, max_bytes_per_s=1_000_000,
        decode_timeout_s=9, policies={"shoes": {"largest_cm": 28}},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "bound"),
    [
        ("DEDUP_PREFIX_DEPTH", "17", "less than or equal to 16"),
        ("DEDUP_WORKERS", "0", "greater than or equal to 1"),
        ("DEDUP_READS", "257", "less than or equal to 256"),
        ("DEDUP_MAX_REQUESTS_PER_S", "-1", "greater than or equal to 1"),
        ("DEDUP_MAX_BYTES_PER_S", "1000", "greater than or equal to 65536"),
        ("DEDUP_DECODE_TIMEOUT", "0", "greater than 0"),
    ],
)
def test_a_number_out_of_its_bounds_is_told_with_them(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, bound: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name} is '{value}': Input should be {bound}"):
        Settings.from_environment()
    monkeypatch.setenv(name, "two")
    with pytest.raises(SettingsError, match=f"{name} is 'two': Input should be a valid "):
        Settings.from_environment()


def test_settings_make_a_collection() -> None:
    collection = Collection(**Settings(source="/photos", store="/store", prefix_depth=2).collection)
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
