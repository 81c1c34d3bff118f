"""The embedding service as a process of its own."""

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import cv2
from click.testing import CliRunner

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
