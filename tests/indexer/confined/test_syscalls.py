"""What a reading child cannot ask the kernel for, even when its parser was taken over."""

from __future__ import annotations

import errno
import platform
import subprocess
import sys

import pytest

from indexer.confined.pool import ReaderPool
from indexer.confined.protocol import Question
from indexer.confined.syscalls import NUMBERS

pytestmark = pytest.mark.skipif(
    platform.machine() not in NUMBERS, reason="the numbers of this machine's calls are not known"
)


def test_f09_a_reader_reaches_nobody_by_any_family_of_sockets() -> None:
    pool = ReaderPool(1, module="tests.hostile.outward")
    try:
        told = pool.read(Question(oid="0" * 40, path="a.txt", content=b"x", max_bytes=100)).text
    finally:
        pool.close()
    outcomes = dict(line.split(" ", 1) for line in told.splitlines())
    refused = str(errno.EPERM)
    assert outcomes.pop("name") == "PermissionError"  # by Python's own hook
    assert len(outcomes) == 9
    assert outcomes == dict.fromkeys(outcomes, refused)


def test_f07_names_are_not_looked_up_past_pythons_hooks() -> None:
    code = (
        "import ctypes\n"
        "from indexer.confined.syscalls import refuse_calls\n"
        "assert refuse_calls()\n"
        "libc = ctypes.CDLL(None)\n"
        "print(libc.getaddrinfo(b'q7w2e9.canary.test', None, None, ctypes.byref(ctypes.c_void_p())))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(said.stdout) != 0


def test_what_readers_need_is_left_to_them() -> None:
    pool = ReaderPool(1)
    try:
        for path, content in (("a.py", b"x = 1\n"), ("a.md", b"# T\n\ntext\n")):
            answer = pool.read(Question(oid="1" * 40, path=path, content=content, max_bytes=100))
            assert (answer.skip_reason, len(answer.chunks)) == ("", 1)
    finally:
        pool.close()
