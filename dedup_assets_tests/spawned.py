"""The processes that this one has started by `multiprocessing`."""

import psutil


def spawned_processes() -> list[psutil.Process]:
    """Those that are alive, without the one that keeps track of semaphores."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "spawn_main" in _command_of(child)]


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return ""
