"""Calls of the kernel that a reading child never needs, refused by the kernel (seccomp) from then on.

A parser that was taken over runs machine code, which asks no audit hook of Python; an empty network
still leaves sockets with a path, such as those of PostgreSQL and the queue. By number and by hand,
because the libraries for this need a C library that not every machine has.
"""

from __future__ import annotations

import ctypes
import platform
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # the latter answers EPERM
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER_AT, ARCHITECTURE_AT = 0, 4  # in seccomp_data
FOREIGN = 0x40000000  # x32: the same calls by other numbers

# Names as in the kernel's tables: socket, connect, execve, execveat, ptrace, process_vm_readv,
# process_vm_writev, bpf, unshare, setns, mount, keyctl, userfaultfd, io_uring_setup and _enter.
NUMBERS = {
    "x86_64": (
        0xC000003E,
        (41, 42, 59, 322, 101, 310, 311, 321, 272, 308, 165, 250, 323, 425, 426),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 203, 221, 281, 117, 270, 271, 280, 97, 268, 40, 219, 282, 425, 426),
    ),
}


class _Step(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def refuse_calls() -> bool:
    """Have the kernel refuse them for this process; False where it cannot, as on other systems."""
    known = NUMBERS.get(platform.machine()) if sys.platform == "linux" else None
    if known is None:
        return False
    steps = _steps(*known)
    filled = (_Step * len(steps))(*steps)
    program = _Program(len(steps), ctypes.cast(filled, ctypes.POINTER(_Step)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _steps(architecture: int, refused: tuple[int, ...]) -> list[_Step]:
    count = len(refused)
    return [
        _Step(LOAD, 0, 0, ARCHITECTURE_AT),
        _Step(JUMP_IF_EQUAL, 0, count + 3, architecture),  # another way in: refused
        _Step(LOAD, 0, 0, NUMBER_AT),
        _Step(JUMP_IF_AT_LEAST, count + 1, 0, FOREIGN),
        *(_Step(JUMP_IF_EQUAL, count - at, 0, number) for at, number in enumerate(refused)),
        _Step(RETURN, 0, 0, ALLOW),
        _Step(RETURN, 0, 0, REFUSE),
    ]
