"""Jobs that the launcher's tests start in processes of their own."""

import os
import time
from pathlib import Path

import dagster as dg


@dg.op
def leave_a_mark() -> None:
    """Write the process id into the file that the environment names."""
    Path(os.environ["MARK"]).write_text(str(os.getpid()))


@dg.op
def wait_to_be_killed() -> None:
    """Leave a mark, then wait for much longer than any test."""
    Path(os.environ["MARK"]).write_text(str(os.getpid()))
    time.sleep(600)


@dg.job(executor_def=dg.in_process_executor)
def short_job() -> None:
    """Ends at once."""
    leave_a_mark()


@dg.job(executor_def=dg.in_process_executor)
def endless_job() -> None:
    """Ends when it is killed."""
    wait_to_be_killed()
