"""The process in which documents are read: python -m indexer.confined.child.

It has no network and no sockets, may write no file, starts no program, inherits no environment, and
each document has its own limit of processor time. It ends when its standard input does, that is with
its worker.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from typing import Any

from indexer.confined.limits import CPU_S, MEMORY_BYTES, TIRED_BYTES
from indexer.confined.protocol import READY, receive_question, send
from indexer.confined.syscalls import refuse_calls

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.fork", "os.system")


def main() -> None:
    _cut_off_network()
    # Imported before the limits: importing writes nothing, but maps much.
    from indexer.confined.prepare import find_faults, prepare

    _limit_resources()
    refuse_calls()
    sys.addaudithook(_forbid)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(READY)
    answers.flush()
    while (question := receive_question(questions)) is not None:
        _allow_cpu()
        if question.only_faults:
            answer = find_faults(question.oid, question.path, question.content)
        else:
            answer = prepare(
                question.oid,
                question.path,
                question.content,
                max_bytes=question.max_bytes,
                by_lines=question.by_lines,
            )
        send(answers, answer)
        if _resident_bytes() > TIRED_BYTES:
            return  # what one large document took is given back to the machine


def _cut_off_network() -> None:
    """Enter a network namespace without devices, where the kernel lets users do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _limit_resources() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def _allow_cpu() -> None:
    """Grant the next document its processor time: SIGXCPU ends the process after that."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    allowed = int(used.ru_utime + used.ru_stime) + CPU_S + 1
    resource.setrlimit(
        resource.RLIMIT_CPU,
        (allowed if hard == resource.RLIM_INFINITY else min(allowed, hard), hard),
    )


def _forbid(event: str, _arguments: tuple[Any, ...]) -> None:
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"a reader may not do {event}")


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  a path costs more
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
