"""Write files into a mirror as a commit, by git fast-import: streamed, without filters or hooks."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import IO, cast

from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.environment import git_environment
from indexer.fetching.protocol import FetchRequest
from indexer.fetching.snapshots.archive import read_archive
from indexer.fetching.snapshots.folder import walk
from indexer.fetching.snapshots.values import Item, Stamp
from indexer.fetching.values import FetchedRefs, FetchProgress, ResolvedRef

BRANCH = "snapshot"
LIVE, NEXT = f"refs/heads/{BRANCH}", "refs/plumbline/next"
CACHE = "plumbline-snapshot.json"
MAX_NOTES = 50
BLOCK = 1024 * 1024
PROGRESS_EVERY = 200  # files

Known = dict[str, tuple[Stamp, str]]  # path -> stamp and object id


class Snapshot:
    """One look at a folder or an archive."""

    def __init__(self, request: FetchRequest, report: Callable[[FetchProgress], None]) -> None:
        self.request = request
        self.report = report
        self.mirror = Path(request.mirror)
        self.notes: list[str] = []

    def run(self) -> FetchedRefs:
        """Bring the branch up to date; an unchanged tree makes no commit.

        Raises FetchRefused or FetchFailed; the branch then stays where it was.
        """
        self.report(FetchProgress("connecting"))
        if not (self.mirror / "HEAD").exists():
            self._git("init", "--bare", "--quiet", "--template=", f"--initial-branch={BRANCH}", ".")
        source = Path(self.request.source)
        before = self._commit_of(LIVE)
        if self.request.kind == "archive" and not source.exists():
            if before is None:
                raise FetchRefused("archive_missing", "The archive is gone. Upload it again.")
            return self._fetched(before, changed=False)  # it has become a commit
        known = self._import(self._items(source), before)
        after = self._settled(before)
        self._remember(known)
        return self._fetched(after, changed=after != before)

    def _items(self, source: Path) -> Iterable[Item]:
        note = self._note
        return walk(source, note) if self.request.kind == "folder" else read_archive(source, note)

    def _import(self, items: Iterable[Item], before: str | None) -> Known:
        """Stream everything to git; return what may be reused at the next look."""
        marks = Path(self.request.home) / "marks"
        with self._fast_import(marks) as process:
            stream = cast(IO[bytes], process.stdin)
            try:
                written = self._write_items(stream, items)
                if not written:
                    raise FetchRefused("empty_repository", "There is no file to read in it.")
                self._write_commit(stream, written, before)
                stream.close()
            except BrokenPipeError as exc:
                raise FetchFailed("import_failed", "git stopped taking the files.") from exc
            if process.wait() != 0:
                raise FetchFailed("import_failed", "git could not store the files.")
        ids = dict(line.split() for line in marks.read_text("ascii").splitlines())
        return {
            item.path: (item.stamp, ids.get(content, content))
            for item, content in written
            if item.stamp
        }

    def _write_items(self, stream: IO[bytes], items: Iterable[Item]) -> list[tuple[Item, str]]:
        """Write the contents that are new; return each item with its mark or known object id."""
        known = self._recall()
        written: list[tuple[Item, str]] = []
        for count, item in enumerate(items, start=1):
            if count % PROGRESS_EVERY == 0:
                self.report(FetchProgress("receiving", count))
            stamp, oid = known.get(item.path, (None, ""))
            if stamp is not None and stamp == item.stamp:
                written.append((item, oid))
            elif self._write_blob(stream, f":{count}", item):
                written.append((item, f":{count}"))
        return written

    def _write_blob(self, stream: IO[bytes], mark: str, item: Item) -> bool:
        """Write one content; a file that changes while it is read waits for the next look."""
        try:
            with item.open() as opened:
                content = opened.read(item.size + 1)
        except OSError as exc:
            self._note(f"{item.path} cannot be read: {exc.strerror or exc}.")
            return False
        if len(content) != item.size:
            self._note(f"{item.path} changed while it was read; it is taken at the next look.")
            return False
        stream.write(f"blob\nmark {mark}\ndata {len(content)}\n".encode())
        for start in range(0, len(content), BLOCK):
            stream.write(content[start : start + BLOCK])
        stream.write(b"\n")
        return True

    def _write_commit(
        self, stream: IO[bytes], written: list[tuple[Item, str]], before: str | None
    ) -> None:
        message = b"Snapshot"
        head = (
            f"commit {NEXT}\ncommitter Plumbline <plumbline@localhost> {int(time.time())} +0000\n"
        )
        stream.write(f"{head}data {len(message)}\n".encode() + message + b"\n")
        if before:
            stream.write(f"from {before}\n".encode())
        stream.write(b"deleteall\n")
        for item, content in written:
            stream.write(f"M {item.mode} {content} ".encode() + quoted(item.path) + b"\n")
        stream.write(b"done\n")

    def _fast_import(self, marks: Path) -> subprocess.Popen[bytes]:
        words = ["fast-import", "--quiet", "--force", "--done", f"--export-marks={marks}"]
        return subprocess.Popen(  # noqa: S603 - fixed words
            ["git", f"--git-dir={self.mirror}", *words],  # noqa: S607 - the operator's PATH decides
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=git_environment(home=self.request.home),
        )

    def _settled(self, before: str | None) -> str:
        """Move the branch when the tree differs; return the commit that it stands at."""
        after = self._commit_of(NEXT)
        if after is None:
            raise FetchFailed("import_failed", "git stored no commit.")
        if before and self._tree_of(before) == self._tree_of(after):
            after = before
        self._git("update-ref", LIVE, after)
        self._git("update-ref", "-d", NEXT)
        return after

    def _fetched(self, commit: str, *, changed: bool) -> FetchedRefs:
        notes = tuple(self.notes[:MAX_NOTES])
        if len(self.notes) > MAX_NOTES:
            notes += (f"{len(self.notes) - MAX_NOTES} more.",)
        return FetchedRefs({BRANCH: ResolvedRef(BRANCH, commit, "branch")}, changed, notes)

    def _note(self, sentence: str) -> None:
        self.notes.append(sentence.encode("utf-8", "replace").decode())

    def _recall(self) -> Known:
        try:
            stored = json.loads((self.mirror / CACHE).read_text("utf-8"))
            return {path: (Stamp(**stamp), oid) for path, (stamp, oid) in stored.items()}
        except (OSError, ValueError, TypeError):
            return {}  # everything is read again

    def _remember(self, known: Known) -> None:
        stored = {path: (asdict(stamp), oid) for path, (stamp, oid) in known.items()}
        fresh = self.mirror / f"{CACHE}.lock"  # half of one is removed like git's own locks
        fresh.write_text(json.dumps(stored), "utf-8")
        fresh.replace(self.mirror / CACHE)

    def _commit_of(self, ref: str) -> str | None:
        return self._git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", check=False)

    def _tree_of(self, commit: str) -> str | None:
        return self._git("rev-parse", f"{commit}^{{tree}}")

    def _git(self, *words: str, check: bool = True) -> str | None:
        is_init = words[0] == "init"
        where = [] if is_init else [f"--git-dir={self.mirror}"]
        done = subprocess.run(  # noqa: S603 - fixed words and object ids
            ["git", *where, *words],  # noqa: S607 - the operator's PATH decides
            cwd=self.mirror,
            capture_output=True,
            env=git_environment(home=self.request.home),
            check=False,
        )
        if done.returncode and check:
            raise FetchFailed("git_failed", f"git {words[0]} ended with status {done.returncode}.")
        return done.stdout.decode("ascii", "replace").strip() or None


def quoted(path: str) -> bytes:
    """Return a path in fast-import's C-style quotes."""
    raw = path.encode("utf-8", "surrogateescape")
    escapes = {ord('"'): b'\\"', ord("\\"): b"\\\\", ord("\n"): b"\\n"}
    return b'"' + b"".join(escapes.get(byte, bytes((byte,))) for byte in raw) + b'"'
