import subprocess
import sys

import pytest

INTERRUPTED_WHILE_LOADING = """
import signal, sys
from dedup_assets.__main__ import main

class Interrupting:
    def find_spec(name, path, target=None):
        if name == loaded:
            signal.raise_signal(signal.SIGINT)

loaded = sys.argv[1]
sys.meta_path.insert(0, Interrupting)
sys.argv = ["dedup-assets", "run", "nowhere"]
main()
"""


@pytest.mark.parametrize("loaded", ["dedup_assets.cli", "dedup_assets.settings", "dagster"])
def test_ctrl_c_while_the_program_is_loaded_leaves_no_traceback(loaded: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING, loaded], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "\nInterrupted before anything was begun.\n")


def test_the_package_itself_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "dedup_assets", "--help"], capture_output=True, text=True, check=True)
    assert "Find duplicate images" in done.stdout
