"""Processes of a data folder that outlived their process manager, found by what it told them.

supervisord gives each program, and so all their children, the address of its control socket.
"""

from __future__ import annotations

from pathlib import Path

import psutil

END_TIMEOUT_S = 5.0


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
    found = leftover_processes(control_socket)
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
