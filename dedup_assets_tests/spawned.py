"""The processes that this one has started for its workers."""

import psutil


def spawned_processes() -> list[psutil.Process]:
    """Those that are alive, without the one that they are forked from and the one that keeps track of semaphores."""
    servers = [child for child in psutil.Process().children() if "forkserver" in _command_of(child)]
    return [child for server in servers for child in _children_of(server)]


def _children_of(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in process.children() if child.status() != psutil.STATUS_ZOMBIE]
    except psutil.Error:
        return []


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return ""
