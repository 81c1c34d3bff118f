"""Processes in which whatever a task does, or the bytes of an image to a decoder, ends no more than the process.

Belongs here: starting and ending them, and their limit of memory. Does not belong here: slices and their order (`engine.py`),
what they do (`stages/reading/`, `stages/pairs/`, `stages/vectors/`).

Each has a pipe, and a thread here, of its own. Pools whose processes share a pipe and its lock stand still for ever where
one is killed while it holds that lock, or half of an answer is sent.

They are forked from one process that has loaded what they need (`preloaded.py`) and does nothing else: in 20 ms each, and
they share its memory. It ends with the last process that was forked, and with the run.
"""

import logging
import multiprocessing
import os
import resource
import signal
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, local
from typing import Any, TypeVar

import psutil

from dedup_assets.stages.workers.memory import give_back_memory

Result = TypeVar("Result")
Task = tuple[Callable[..., Any], tuple[Any, ...]]

PROCESS_MEMORY_BYTES = 3 << 30
"""Address space for pictures, beside that of the program, which grows with the processors of the machine."""

FORK_SERVER_LOST = 255
OTHER_HANDS = (
    None,
    FORK_SERVER_LOST,
    *(-number for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)),
)
"""Exit codes that no task brings about: memory was short, or somebody ended the process."""

PROBABLY = "Its work is done again. Probably memory was short, and the system killed it: give the run more, or fewer --workers."

TRIES = 3
"""So often a task is done whose process another hand ended."""

STDERR = 2

_log = logging.getLogger(__name__)

_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload(["dedup_assets.stages.workers.preloaded"])


class ProcessLostError(Exception):
    """A process ended before its answer, by its task or by another hand."""

    def __init__(self, exitcode: int | None, at_task: bool) -> None:
        super().__init__(f"A process at work ended {'at its task' if at_task else 'at its start'}: {exitcode}.")
        self.exitcode = exitcode
        self.by_task = at_task and exitcode not in OTHER_HANDS


class WorkerProcesses:
    """So many processes at most, each started when no other is free for a task, and anew after it was lost."""

    def __init__(self, count: int) -> None:
        hear_no_ctrl_c = (signal.SIG_BLOCK, {signal.SIGINT})  # nor do processes that they start: it is for the run
        self._threads = ThreadPoolExecutor(count, initializer=signal.pthread_sigmask, initargs=hear_no_ctrl_c)
        self._own = local()
        self._running: set[_Process] = set()
        self._registering, self._stopped = Lock(), False

    def schedule(
        self, task: Callable[..., Result], args: tuple[Any, ...], timeout_s: float | None = None
    ) -> "Future[Result]":
        """Have a function of a module called in one of them, and again, in another, where that was ended from outside.

        The future raises what the function raised, TimeoutError, or ProcessLostError.
        """
        return self._threads.submit(self._call, task, args, timeout_s)

    def stop(self) -> None:
        """End them, whatever they are at."""
        with self._registering:
            self._stopped = True
        for process in self._running:
            process.kill()
        self._threads.shutdown(cancel_futures=True)

    def _call(self, task: Callable[..., Result], args: tuple[Any, ...], timeout_s: float | None) -> Result:
        for _ in range(TRIES - 1):
            try:
                return self._call_once(task, args, timeout_s)
            except ProcessLostError as error:
                if error.by_task or self._stopped:
                    raise
                _log.warning(
                    "%s %s", error, PROBABLY if error.exitcode == -signal.SIGKILL else "Its work is done again."
                )
        return self._call_once(task, args, timeout_s)

    def _call_once(self, task: Callable[..., Result], args: tuple[Any, ...], timeout_s: float | None) -> Result:
        process = getattr(self._own, "process", None)
        if process is None or not process.is_alive():
            self._own.process = process = self._start(process)
        result: Result = process.call((task, args), timeout_s)
        return result

    def _start(self, before: "_Process | None") -> "_Process":
        process = _Process()
        with self._registering:
            self._running = {*self._running, process} - {before}
            if self._stopped:
                process.kill()
        return process


class _Process:
    """One process, ready for tasks."""

    def __init__(self) -> None:
        self._pipe, other_end = _forked.Pipe()
        self._process = _forked.Process(target=_serve, args=(other_end, dict(os.environ)), daemon=True)
        self._process.start()
        other_end.close()
        self._answer(at_task=False)

    def is_alive(self) -> bool:
        """Whether it is there; asked by the thread that owns it."""
        return self._process.is_alive()

    def kill(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._process.join()

    def call(self, task: Task, timeout_s: float | None) -> Any:
        """Have it do a task; raises what the task raises, TimeoutError or ProcessLostError."""
        try:
            self._pipe.send(task)
            in_time = self._pipe.poll(timeout_s)
        except OSError:
            in_time = True
        if not in_time:
            self.kill()
            raise TimeoutError
        return self._answer(at_task=True)

    def _answer(self, at_task: bool) -> Any:
        try:
            succeeded, answer = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            raise ProcessLostError(self._process.exitcode, at_task) from None
        if succeeded:
            return answer
        raise answer


def _serve(pipe: Connection, environment: Mapping[str, str]) -> None:
    """Do tasks until the run that asks for them has ended, in its environment of now."""
    os.environ.clear()
    os.environ.update(environment)
    _prepare_process()
    pipe.send((True, None))
    while True:
        try:
            task, args = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = True, task(*args)
        except Exception as error:  # noqa: BLE001 - it is raised again where the task came from
            error.add_note(f"In a process of its own:\n{traceback.format_exc()}")
            answer = False, error
        pipe.send(answer)
        del task, args, answer
        give_back_memory()


def _prepare_process() -> None:
    """Bound the memory, and keep from the terminal what C libraries such as libtiff print there: the row tells the cause.

    Polars gets no threads, which it starts for its first query: there is a process a processor.
    """
    os.environ["POLARS_MAX_THREADS"] = "1"
    bounds = [psutil.Process().memory_info().vms + PROCESS_MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]]
    address_space = min(bound for bound in bounds if bound != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), STDERR)
