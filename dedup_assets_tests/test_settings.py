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


@pytest.mark.parametrize(
    ("policies", "where"),
    [
        ("embeddings: {http_url: 'http://me:hunter2@10.0.0.5/embeddings'}", "embeddings.http_url"),
        ("embeddings: {http_url: 'https://x.example/embed?v=1&code=hunter2'}", "embeddings.http_url"),
        ("embeddings: {http_url: 'https://x.example/embed?sv=1&sig=hunter2'}", "embeddings.http_url"),
        ("embeddings: {http_token: hunter2}", "embeddings.http_token"),
        ("database: {url: 'postgresql://me:hunter2@host/dedup'}", "database.url"),
        ("database: {url: 'host=h password=hunter2'}", "database.url"),
        ("source: {azure: ['AccountName=a;AccountKey=hunter2==']}", "source.azure"),
    ],
)
def test_a_secret_in_a_policy_file_is_refused_before_it_is_kept_anywhere(
    tmp_path: Path, policies: str, where: str
) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(policies)
    with pytest.raises(SettingsError, match=f"holds a secret in {where}, .* expected is") as refused:
        read_policies(str(path))
    assert "hunter2" not in str(refused.value)


def test_an_address_without_a_secret_is_none(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(
        "embeddings: {http_url: 'http://10.0.0.5:8008/embeddings?model=a@b', http_allowed_hosts: [10.0.0.5]}"
    )
    assert read_policies(str(path))["embeddings"]["http_url"] == "http://10.0.0.5:8008/embeddings?model=a@b"
