"""The worker's reading children: who is idle takes the next file, who hangs is killed.

A file that exceeds its processor time is given up at once, because it would again. One whose reader
dies or hangs in another way is tried three times, in three processes. Then it is read a last time
without the parser of its language, split by lines; where that fails too, or there is no such
parser to leave out, it is kept out with the reason. Other files go on meanwhile.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import LifoQueue
from typing import IO, cast

import msgspec

import indexer
from indexer.confined.limits import ATTEMPTS, START_S, WALL_S
from indexer.confined.protocol import (
    LENGTH,
    MAX_ANSWER_BYTES,
    READY,
    Answer,
    Question,
    decode_answer,
    send,
)
from indexer.skips import SkipReason

logger = logging.getLogger(__name__)

CHILD = "indexer.confined.child"
AHEAD = 2  # files waiting for each child
BLOCK = 1024 * 1024


class ReaderDied(Exception):
    """The child ended, or was ended, before it had answered."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Reader:
    """One child process; started at its first file."""

    def __init__(self, *, wall_s: float = WALL_S, module: str = CHILD) -> None:
        self.wall_s = wall_s
        self.module = module
        self._child: subprocess.Popen[bytes] | None = None

    def ask(self, question: Question) -> Answer:
        """Raise ReaderDied when there is no answer in time; the next question starts anew."""
        child, is_new = self._started()
        try:
            if is_new:
                _await_ready(child)
            send(cast(IO[bytes], child.stdin), question)
            answer = decode_answer(self._receive(child))
        except (OSError, EOFError, ValueError) as exc:
            raise ReaderDied(self._end()) from exc
        if answer.oid != question.oid:
            self._end()
            raise ReaderDied("answered for another file")
        return answer

    def close(self) -> None:
        if self._child is not None:
            self._end()

    def _started(self) -> tuple[subprocess.Popen[bytes], bool]:
        """Return the child, and whether it was started just now."""
        if self._child is not None and self._child.poll() is not None:
            self._end()  # it was tired
        is_new = self._child is None
        if self._child is None:
            self._child = _start(self.module)
        return self._child, is_new

    def _receive(self, child: subprocess.Popen[bytes]) -> bytes:
        stream = cast(IO[bytes], child.stdout)
        deadline = time.monotonic() + self.wall_s
        head = _read(stream, LENGTH.size, deadline)
        (length,) = LENGTH.unpack(head)
        if length > MAX_ANSWER_BYTES:
            raise ValueError("the answer is too long")
        return _read(stream, length, deadline)

    def _end(self) -> str:
        """Kill the child; return what it died of, in a word."""
        child, self._child = cast("subprocess.Popen[bytes]", self._child), None
        try:
            status = child.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            status = child.wait()
            cause = f"no answer within {self.wall_s:g} s"
        else:
            cause = _cause_of(status)
        with suppress(BrokenPipeError):
            cast(IO[bytes], child.stdin).close()
        cast(IO[bytes], child.stdout).close()
        return cause


class ReaderPool:
    """As many children as asked for, shared by every job of this process."""

    def __init__(self, size: int, *, wall_s: float = WALL_S, module: str = CHILD) -> None:
        self.size = size
        self._idle: LifoQueue[Reader] = LifoQueue()
        for _ in range(size):
            self._idle.put(Reader(wall_s=wall_s, module=module))

    def read(self, question: Question) -> Answer:
        """Return what is stored of a file; never raises for what is in it."""
        return msgspec.structs.replace(self._read(question), path=question.path)

    def _read(self, question: Question) -> Answer:
        cause = ""
        for _ in range(ATTEMPTS):
            try:
                return self._ask(question)
            except ReaderDied as exc:
                cause = exc.cause
            if cause in FINAL:
                return self._by_lines(question, SkipReason.REJECTED, cause)
        return self._by_lines(question, SkipReason.QUARANTINED, f"{ATTEMPTS} times: {cause}")

    def _ask(self, question: Question) -> Answer:
        reader = self._idle.get()
        try:
            return reader.ask(question)
        except ReaderDied as exc:
            logger.warning("blob=%s reader died: %s", question.oid, exc.cause)
            raise
        finally:
            self._idle.put(reader)

    def _by_lines(self, question: Question, reason: SkipReason, detail: str) -> Answer:
        """Read the file once more without the parser of its language; else keep it out."""
        with suppress(ReaderDied):
            answer = self._ask(msgspec.structs.replace(question, by_lines=True))
            if not answer.skip_reason:
                return answer
        return _kept_out(question, reason, detail)

    def read_all(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """Yield the answers as they come; a few files are read ahead, so memory stays bounded."""
        with ThreadPoolExecutor(self.size, thread_name_prefix="reading") as executor:
            pending: set[Future[Answer]] = set()
            for question in questions:
                pending.add(executor.submit(self.read, question))
                if len(pending) >= self.size * AHEAD:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)

    def close(self) -> None:
        """End the children; call it when nothing is read any more."""
        readers = [self._idle.get() for _ in range(self.size)]
        for reader in readers:
            reader.close()
            self._idle.put(reader)


CPU_USED_UP = "more processor time than one file may use"
FINAL = frozenset({CPU_USED_UP})


def _kept_out(question: Question, reason: SkipReason, detail: str) -> Answer:
    return Answer(
        oid=question.oid,
        size_bytes=len(question.content),
        skip_reason=reason.value,
        skip_detail=detail[:200],
    )


def _cause_of(status: int) -> str:
    if status == -signal.SIGXCPU:
        return CPU_USED_UP
    if status < 0:
        return f"its reader died of {signal.Signals(-status).name}"
    return f"its reader ended with status {status}"


def _start(module: str) -> subprocess.Popen[bytes]:
    package_root = Path(indexer.__file__).resolve().parent.parent
    return subprocess.Popen(  # noqa: S603  a module of ours
        [sys.executable, "-s", "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could quote the file
        cwd="/",
        env={
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(package_root),
            "PYTHONDONTWRITEBYTECODE": "1",
            # Numeric libraries reserve memory for a thread per core, and one thread is enough.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        },
        start_new_session=True,
    )


def _await_ready(child: subprocess.Popen[bytes]) -> None:
    """Wait until the child asks for a file: on a busy machine, starting takes no file's time."""
    told = _read(cast(IO[bytes], child.stdout), LENGTH.size, time.monotonic() + START_S)
    if told != READY:
        raise ValueError("not a reader")


def _read(stream: IO[bytes], size: int, deadline: float) -> bytes:
    """Return exactly so many bytes, or raise EOFError at the end or the deadline."""
    parts: list[bytes] = []
    left = size
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while left:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise EOFError("late")
            block = os.read(stream.fileno(), min(left, BLOCK))
            if not block:
                raise EOFError("ended")
            parts.append(block)
            left -= len(block)
    return b"".join(parts)
