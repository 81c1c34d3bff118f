import subprocess
import sys

INTERRUPTED_WHILE_LOADING = """
import signal, sys, threading
from dedup_assets.__main__ import main
sys.argv = ["dedup-assets", "run", "nowhere"]
threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
main()
"""


def test_ctrl_c_while_the_program_is_loaded_leaves_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "\nInterrupted before anything was begun.\n")


def test_the_package_itself_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "dedup_assets", "--help"], capture_output=True, text=True, check=True)
    assert "Find duplicate images" in done.stdout
