"""Write files into a mirror by git fast-import: streamed, without filters, hooks or attributes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import IO, cast

from indexer.errors import FetchFailed
from indexer.fetching.environment import git_environment
from indexer.fetching.snapshots.values import Mode

BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tree holds at a path."""

    mode: Mode
    oid: str


class Import:
    """One run of fast-import; it is started by the first content that is new."""

    def __init__(self, mirror: Path, home: str, ref: str) -> None:
        self.mirror = mirror
        self.home = home
        self.ref = ref
        self.written: set[str] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def write_blob(self, content: bytes, oid: str) -> None:
        if oid in self.written:
            return
        self.written.add(oid)
        self._write(f"blob\ndata {len(content)}\n".encode())
        for start in range(0, len(content), BLOCK):
            self._write(content[start : start + BLOCK])
        self._write(b"\n")

    def commit(self, tree: Mapping[str, Entry], parent: str | None) -> None:
        """Commit exactly this tree, and wait until everything is stored."""
        lines = [f"commit {self.ref}", f"committer Plumbline <plumbline@localhost> {_now()}"]
        lines += ["data 8", "Snapshot", *([f"from {parent}"] if parent else []), "deleteall", ""]
        self._write("\n".join(lines).encode())
        for path, entry in tree.items():
            self._write(f"M {entry.mode} {entry.oid} ".encode() + quoted(path) + b"\n")
        self._write(b"done\n")
        process = self._started()
        try:
            cast(IO[bytes], process.stdin).close()
        except BrokenPipeError as error:
            raise _failed() from error
        if process.wait() != 0:
            raise _failed()

    def close(self) -> None:
        """End git, when it is still there; what it had not committed is in no tree."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def _write(self, content: bytes) -> None:
        try:
            cast(IO[bytes], self._started().stdin).write(content)
        except BrokenPipeError as error:
            raise _failed() from error

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - fixed words
                ["git", f"--git-dir={self.mirror}", "fast-import", "--quiet", "--force", "--done"],  # noqa: S607 - the operator's PATH decides
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=git_environment(home=self.home),
            )
        return self._process


def blob_id(content: bytes) -> str:
    """Return the name that git gives to a content."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def quoted(path: str) -> bytes:
    """Return a path in fast-import's C-style quotes."""
    raw = path.encode("utf-8", "surrogateescape")
    escaped = raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'


def _now() -> str:
    return f"{int(time.time())} +0000"


def _failed() -> FetchFailed:
    return FetchFailed(
        "import_failed", "git could not store the files. Look whether the disk is full."
    )
