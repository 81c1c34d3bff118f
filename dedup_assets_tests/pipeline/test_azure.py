import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from dedup_assets.errors import LostImagesError
from dedup_assets.resources.azure import access
from dedup_assets_tests.azurite import Azurite
from dedup_assets_tests.pipeline.collections import Planted, small_collection, write_file
from dedup_assets_tests.pipeline.line import Line
from dedup_assets_tests.resources.images.flaky_proxy import flaky_proxy

AT_ONCE_S = 45.0
"""Start of Python and the patience with an endpoint that nobody answers at, on a busy machine."""

MANY = 300
"""Copies that take a second or two."""

WRONG_KEY = "d3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyBrZXkgd3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyBrZXkgd3Jvbmcga2V5IQ=="


@pytest.fixture
def photos(azurite_credentials: Azurite) -> ContainerClient:
    """A container with the small collection below photos/."""
    container = azurite_credentials.container()
    for planted in small_collection():
        container.upload_blob(f"photos/{planted.path}", planted.data)
    return container


@pytest.fixture(autouse=True)
def homes_of_stores_in_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def address(azurite: Azurite, container: ContainerClient, path: str) -> str:
    return f"{azurite.account_url}/{container.container_name}/{path}"


def as_a_folder(folder: Path, container: ContainerClient, files: Sequence[Planted]) -> Path:
    """The same files in a folder, as old as their blobs."""
    created = {blob.name: blob.creation_time for blob in container.list_blobs()}
    for planted in files:
        write_file(folder / planted.path, planted.data, int(created[f"photos/{planted.path}"].timestamp()))
    return folder


def names(container: ContainerClient, prefix: str) -> list[str]:
    return sorted(blob.name.removeprefix(prefix) for blob in container.list_blobs(name_starts_with=prefix))


def test_a_container_gives_the_report_of_a_folder_and_keeps_its_tables(
    azurite: Azurite, photos: ContainerClient, tmp_path: Path
) -> None:
    line = Line(address(azurite, photos, "photos"), address(azurite, photos, "tables of photos"))
    outcome = line.run()
    folder = as_a_folder(tmp_path / "photos", photos, small_collection())
    local = Line(str(folder), str(tmp_path / "store")).run()
    assert outcome.csv.decode() == local.csv.decode()
    assert outcome.work == local.work
    again = line.run()
    assert (again.work["downloaded_bytes"], again.work["verified_pairs"], again.work["embedded_images"]) == (0, 0, 0)
    assert again.csv == outcome.csv
    assert names(photos, "photos/") == sorted(planted.path for planted in small_collection())

    readable = sorted(path for path, row in outcome.by_path.items() if row["Status"] != "Unreadable")
    assert line.organize("plan") == {"planned": len(readable)}
    assert names(photos, "photos_deduplicated/") == []
    assert line.organize("apply") == {"copied": len(readable)}
    copies = names(photos, "photos_deduplicated/")
    assert sorted(copy.split("/", 1)[1] for copy in copies) == readable
    assert all(
        (copy.split("/")[0] == "best") == (outcome.by_path[copy.split("/", 1)[1]]["Status"] == "Best")
        for copy in copies
    )
    data = {planted.path: planted.data for planted in small_collection()}
    for copy in copies:
        assert photos.download_blob(f"photos_deduplicated/{copy}").readall() == data[copy.split("/", 1)[1]]
    line.organize("undo")
    assert names(photos, "photos_deduplicated/") == []
    assert names(photos, "photos/") == sorted(data)


def test_an_emptied_container_stops_the_run_and_takes_no_copy_along(
    azurite: Azurite, photos: ContainerClient, tmp_path: Path
) -> None:
    line = Line(address(azurite, photos, "photos"), str(tmp_path / "store"))
    before = line.run()
    line.organize("apply")
    copies = names(photos, "photos_deduplicated/")
    for name in names(photos, ""):
        if name.startswith("photos/"):
            photos.delete_blob(name)
    with pytest.raises(LostImagesError, match="lacks 9 of 9 images") as refused:
        line.run()
    assert line.outcome().csv == before.csv
    line.run(re.findall("--accept-loss ([0-9a-f]+)", str(refused.value))[0])
    assert line.organize("apply") == {"stale": len(copies)}
    assert names(photos, "photos_deduplicated/") == copies
    assert line.organize("remove_stale") == {}
    assert names(photos, "photos_deduplicated/") == []


def test_all_copies_of_an_apply_that_was_killed_are_undone(
    azurite: Azurite, azurite_credentials: Azurite, tmp_path: Path
) -> None:
    container, picture = azurite_credentials.container(), small_collection()[0].data
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: container.upload_blob(f"photos/{number}.jpg", picture), range(MANY)))
    line = Line(address(azurite, container, "photos"), str(tmp_path / "store"))
    line.run()
    process = subprocess.Popen([sys.executable, "-m", "dedup_assets.cli", "organize", "--store", line.store, "--apply"])
    while process.poll() is None and len(names(container, "photos_deduplicated/")) < 20:
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    container.upload_blob("photos_deduplicated/best/mine.txt", b"no copy")
    assert len(names(container, "photos_deduplicated/")) > 20
    assert line.organize("undo") == {"planned": MANY}
    assert names(container, "photos_deduplicated/") == ["best/mine.txt"]


def test_a_service_that_fails_in_every_way_costs_at_most_the_blob_that_never_comes(
    azurite: Azurite, photos: ContainerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes are counted where they are sent: each blob's come once, and none come again in the next run."""
    monkeypatch.setattr(access, "REQUEST_DEADLINE", timedelta(seconds=2))
    monkeypatch.setitem(access.RETRIES, "retry_timeout", timedelta(seconds=6))
    files = {planted.path.rpartition("/")[-1]: planted for planted in small_collection()}
    dripping, cut, rewritten, deleted = "chelsea.jpg", "coffee.jpg", "astronaut cropped.jpg", "chelsea mirrored.jpg"
    with flaky_proxy(azurite.port) as proxy:
        proxy.faults = {
            "astronaut again.jpg": ["busy"] * 2, "coffee small.jpg": ["too many"], "half.jpg": ["reset"],
            cut: ["cut body"], dripping: ["drip"] * 99,
        }  # fmt: skip
        proxy.meanwhile["astronaut.jpg"] = lambda: [
            photos.upload_blob(f"photos/{files[rewritten].path}", b"other bytes", overwrite=True),
            photos.delete_blob(f"photos/{files[deleted].path}"),
        ]
        source = address(azurite, photos, "photos").replace(str(azurite.port), str(proxy.server_port))
        line = Line(source, str(tmp_path / "store"))
        rows = line.run().by_path
        causes = {name: rows[files[name].path]["Cause"] for name in (dripping, rewritten, deleted)}
        assert ["in time" in causes[dripping], "changed" in causes[rewritten], "not there" in causes[deleted]] == [
            True
        ] * 3
        sent = {name: proxy.sent_bytes[name] for name in set(files) - {dripping, cut, rewritten, deleted}}
        assert sent == {name: len(files[name].data) for name in sent}
        assert len(files[cut].data) <= proxy.sent_bytes[cut] <= 1.5 * len(files[cut].data)

        proxy.faults.clear()
        proxy.sent_bytes.clear()
        line.run()
        bodies = {name: count for name, count in proxy.sent_bytes.items() if name in files}
        assert bodies == {dripping: len(files[dripping].data), rewritten: len(b"other bytes")}


def command(source: str, store: Path, **environment: str) -> "subprocess.Popen[str]":
    """`dedup-assets run` with the given variables and no other credential."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    arguments = [sys.executable, "-m", "dedup_assets.cli", "run", source, "--store", str(store)]
    return subprocess.Popen(
        arguments, env=plain | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_what_keeps_a_container_closed_is_told_at_once_in_one_sentence(
    azurite: Azurite, photos: ContainerClient, tmp_path: Path
) -> None:
    right, wrong = azurite.connection_string, azurite.connection_string.replace(azurite.key, WRONG_KEY)
    nobody = azurite.connection_string.replace(str(azurite.port), "9")
    here = address(azurite, photos, "photos")
    began = time.monotonic()
    attempts = {
        "refuses the credentials": command(here, tmp_path / "1", AZURE_STORAGE_CONNECTION_STRING=wrong),
        "has no container": command(
            f"{azurite.account_url}/no-such-container", tmp_path / "2", AZURE_STORAGE_CONNECTION_STRING=right
        ),
        "cannot be reached": command(
            here.replace(str(azurite.port), "9"), tmp_path / "3", AZURE_STORAGE_CONNECTION_STRING=nobody
        ),
        "needs AZURE_STORAGE_CONNECTION_STRING": command(here, tmp_path / "4"),
    }
    for words, process in attempts.items():
        out, err = process.communicate(timeout=120)
        assert process.returncode == 1, err
        (sentence,) = err.splitlines()
        assert words in sentence
        assert not [secret for secret in (azurite.key, WRONG_KEY) if secret in out + err]
    assert time.monotonic() - began < AT_ONCE_S
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and WRONG_KEY.encode() in path.read_bytes()]


def test_a_signature_in_the_address_is_used_and_stands_nowhere(
    azurite: Azurite, photos: ContainerClient, tmp_path: Path
) -> None:
    sas = generate_container_sas(
        azurite.account,
        photos.container_name,
        account_key=azurite.key,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    process = command(f"{address(azurite, photos, 'photos')}?{sas}", tmp_path / "store")
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert f"{len(small_collection())} images" in out
    signature = parse_qs(sas)["sig"][0]
    raw = next(part for part in sas.split("&") if part.startswith("sig=")).removeprefix("sig=")
    for secret in (signature, raw):
        assert secret not in out + err
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert [str(path) for path in files if secret.encode() in path.read_bytes()] == []
