"""Processes that outlived what started them: their process manager, or the head of their group.

supervisord gives each program, and so all their children, the address of its control socket.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

END_TIMEOUT_S = 5.0
ENGINE = "VLLM::"  # how vLLM names the processes that its server starts


def leftover_processes(control_socket: Path) -> list[psutil.Process]:
    address = f"unix://{control_socket}"
    return [
        process
        for process in psutil.process_iter()
        if environment_of(process).get("SUPERVISOR_SERVER_URL") == address
    ]


def environment_of(process: psutil.Process) -> dict[str, str]:
    """Return its environment; empty for a process of somebody else, or one that has just ended."""
    try:
        return dict(process.environ())
    except (psutil.Error, OSError):
        return {}


def end_leftovers(control_socket: Path) -> int:
    """End them, first politely, and return how many there were."""
    return _end(leftover_processes(control_socket))


def end_orphaned_engines(folder: Path) -> int:
    """End engines of vLLM, started in this folder, whose server is gone; return how many.

    A server that is killed outright leaves its engine with the weights in memory, and the next one
    finds no room. What vLLM names itself by hides its environment, so the folder tells whose it is.
    """
    return _end([one for one in psutil.process_iter() if _is_orphaned_engine(one, folder)])


def _is_orphaned_engine(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error, OSError):
        if process.cmdline()[:1] and process.cmdline()[0].startswith(ENGINE):
            head = os.getpgid(process.pid)
            return Path(process.cwd()) == folder and not psutil.pid_exists(head)
    return False


def _end(found: list[psutil.Process]) -> int:
    for process in found:
        signal_quietly(process, kill=False)
    _, stubborn = psutil.wait_procs(found, timeout=END_TIMEOUT_S)
    for process in stubborn:
        signal_quietly(process, kill=True)
    psutil.wait_procs(stubborn, timeout=END_TIMEOUT_S)
    return len(found)


def signal_quietly(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.Error:
        return
