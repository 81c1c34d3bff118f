"""The embedding service as a process of its own."""

import base64
import contextlib
import io
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import cv2
import psutil
from click.testing import CliRunner
from PIL import Image

from dedup_assets.cli import main
from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets_tests.embedders.pictures import photographs


def test_the_service_answers_over_http_and_ends_when_interrupted() -> None:
    command = [sys.executable, "-m", "dedup_assets", "serve-embeddings", "--provider", "dhash", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        url = told.split()[-1]
        picture = photographs()[0]
        encoded = base64.b64encode(cv2.imencode(".png", picture[..., ::-1])[1].tobytes()).decode()
        body = json.dumps({"images": [encoded, "no picture"]}).encode()
        with urlopen(Request(url, data=body, method="POST"), timeout=10) as response:
            answer = json.load(response)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert told.startswith("dhash dhash-16x16 1 on http://127.0.0.1:")
    assert answer["embeddings"] == [DifferenceHashEmbedder().embed([picture])[0].tolist(), None]


def bomb(mode: str, side: int, image_format: str, **options: object) -> bytes:
    """A small file that declares much."""
    data = io.BytesIO()
    Image.new(mode, (side, side)).save(data, image_format, **options)
    body = {"images": [base64.b64encode(data.getvalue()).decode()]}
    return json.dumps(body).encode()


def ask(url: str, body: bytes) -> object:
    """The first vector of an answer; comes again as long as it is told to."""
    while True:
        try:
            with urlopen(Request(url, data=body, method="POST"), timeout=120) as response:
                return json.load(response)["embeddings"][0]
        except HTTPError as error:
            error.close()
            if error.code != 503:
                raise
            time.sleep(float(error.headers["Retry-After"]))


def held_mb(process: psutil.Process) -> float:
    total = 0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += each.memory_full_info().pss
    return total / 2**20


def test_24_small_bombs_at_once_take_600_mb_at_most_with_all_that_the_service_holds() -> None:
    bombs = [
        bomb("L", 25_000, "TIFF", compression="tiff_adobe_deflate"),  # 625 megapixels in 1 MB
        bomb("RGB", 6_300, "TIFF", compression="tiff_adobe_deflate"),
        bomb("RGB", 6_300, "PNG"),
        bomb("P", 14_000, "GIF"),
        bomb("RGB", 6_000, "WEBP", lossless=True),
        bomb("RGB", 9_000, "JPEG", quality=5, progressive=True),
    ]
    command = [sys.executable, "-m", "dedup_assets", "serve-embeddings", "--provider", "descriptor", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, ThreadPoolExecutor(24) as clients:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        asked = [clients.submit(ask, url, body) for body in bombs * 4]
        peak_mb = 0.0
        while not all(each.done() for each in asked):
            peak_mb = max(peak_mb, held_mb(psutil.Process(process.pid)))
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
    assert [each.result() for each in asked] == [None] * 24
    assert 100 < peak_mb < 600


def test_an_address_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text("embeddings: {http_url: 'localhost:8008/embeddings'}")
    result = CliRunner().invoke(main, ["serve-embeddings", "--provider", "http", "--policies", str(policies)])
    assert result.exit_code == 1
    assert result.output == "Error: http_url is not of the form http(s)://host:port/embeddings\n"


def test_a_model_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text(f"embeddings: {{open_clip_checkpoint: {tmp_path}/missing.pt}}")
    command = ["serve-embeddings", "--provider", "open_clip", "--policies", str(policies)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert result.output == (
        f"Error: no embedding provider can be used: open_clip: there is no file {tmp_path}/missing.pt\n"
    )
