"""`dedup-assets calibrate` from end to end, and how its mistakes are told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dedup_assets.commands.calibrate import present_policy
from dedup_assets.definitions import build_resources
from dedup_assets.settings import Settings
from dedup_assets_tests.calibration.conftest import files
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.commands import dedup_assets

OPTIONS = ("--images", "3", "--workers", "1")


def test_a_calibration_leaves_its_results_and_no_store(tmp_path: Path) -> None:
    write_files(tmp_path / "photos", {name: data for name, data in files().items() if name.startswith("photos/")})
    out, store = tmp_path / "out", tmp_path / "store"
    (tmp_path / "policies.yaml").write_text("verified_groups: {min_overlap: 0.65}")
    said = dedup_assets(
        "calibrate",
        tmp_path / "photos",
        "--out",
        out,
        "--store",
        store,
        *OPTIONS,
        "--policies",
        tmp_path / "policies.yaml",
    )
    assert said.code == 0
    assert "3 of 6 images, 12 edits planted in them" in said.out
    assert "min_overlap                 0.65" in said.out
    assert f"Written to {out}: calibration.csv, calibration.png, policies.yaml" in said.out
    assert "min_overlap,0.65,True,unrelated pairs" in (out / "calibration.csv").read_text()
    assert not store.exists()


@pytest.mark.parametrize(
    ("names", "arguments", "words"),
    [
        ([], (), "There are no images in"),
        (["half.jpg"], (), "at least two different ones are needed. half.jpg: The JPEG file ends"),
        (["photos/coffee.png.jpg"], ("--policies", "none.yaml"), "none.yaml cannot be read"),
    ],
)
def test_what_a_person_can_mend_is_told_in_one_sentence(
    tmp_path: Path, names: list[str], arguments: tuple[str, ...], words: str
) -> None:
    write_files(tmp_path / "photos", {name: files()[name] for name in names})
    said = dedup_assets("calibrate", tmp_path / "photos", "--out", tmp_path / "out", *OPTIONS, *arguments)
    assert said.code == 1
    assert words in said.err


def test_a_source_that_is_not_there_is_told_and_no_secret_is(tmp_path: Path) -> None:
    said = dedup_assets("calibrate", tmp_path / "fotos", "--out", tmp_path / "out", *OPTIONS)
    assert (said.code, "fotos" in said.sentence) == (1, True)
    said = dedup_assets("calibrate", "az://Wrong/photos?sig=hunter2", "--out", tmp_path / "out", *OPTIONS)
    assert said.code == 1
    assert "hunter2" not in said.err + said.out


def test_an_interrupt_ends_it_and_writes_nothing(tmp_path: Path) -> None:
    write_files(tmp_path / "photos", {f"{n}.jpg": jpeg(make_photograph(n, 600, 400)) for n in range(60)})
    command = [
        sys.executable,
        "-m",
        "dedup_assets.cli",
        "calibrate",
        str(tmp_path / "photos"),
        "--out",
        str(tmp_path / "out"),
    ]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    until = time.monotonic() + 60
    while not (tmp_path / "out").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted. Nothing was written." in err
    assert "Traceback" not in err
    assert list((tmp_path / "out").iterdir()) == []


def test_the_policies_that_are_measured_are_those_of_the_pipeline(tmp_path: Path) -> None:
    rules: dict[str, dict[str, Any]] = {
        "wavelet_groups": {"max_dct_distance": 50},
        "embeddings": {"providers": ["dhash"]},
    }
    present = present_policy(
        build_resources(Settings(source=str(tmp_path), store=str(tmp_path / "store"), policies=rules))
    )
    assert (present.candidates.limits().dct, present.embedder.name) == (50, "dhash")
