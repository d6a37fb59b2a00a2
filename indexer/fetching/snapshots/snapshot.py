"""One look at a folder or an archive: what is there becomes a commit of the source's own mirror."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.environment import git_environment
from indexer.fetching.protocol import FetchRequest
from indexer.fetching.snapshots import memory
from indexer.fetching.snapshots.archive import read_archive
from indexer.fetching.snapshots.folder import CLOSED, walk
from indexer.fetching.snapshots.importing import Entry, Import, blob_id
from indexer.fetching.snapshots.memory import Seen
from indexer.fetching.snapshots.values import ChangedMeanwhile, Item, left_out
from indexer.fetching.values import FetchedRefs, FetchProgress, ResolvedRef
from indexer.skips import SkipReason

BRANCH = "snapshot"
LIVE, NEXT = f"refs/heads/{BRANCH}", "refs/plumbline/next"
MAX_NOTES = 50
PROGRESS_EVERY = 200  # files


class Snapshot:
    """Compares with the last look, stores what is new, and moves the branch when a tree differs."""

    def __init__(self, request: FetchRequest, report: Callable[[FetchProgress], None]) -> None:
        self.request = request
        self.report = report
        self.mirror = Path(request.mirror)
        self.largest = request.limits.file_bytes
        self.notes: list[str] = []
        self.unnoted = 0

    def run(self) -> FetchedRefs:
        """Bring the branch up to date; an unchanged tree makes no commit.

        Raises FetchRefused or FetchFailed; the branch then stays where it was.
        """
        self.report(FetchProgress("connecting"))
        if not (self.mirror / "HEAD").exists():
            words = ["--bare", "--quiet", "--template=", "--object-format=sha1"]
            self._git("init", *words, f"--initial-branch={BRANCH}", ".")
        before = self._commit_of(LIVE)
        if not self.request.source:  # an archive is removed once it has become a commit
            if before is None:
                raise FetchRefused("archive_missing", "The archive is gone. Upload it again.")
            return self._fetched(before, changed=False)
        known = memory.recall(self.mirror, commit=before, largest=self.largest)
        importing = Import(self.mirror, self.request.home, NEXT)
        try:
            seen = self._look(importing, known)
            after = self._settled(importing, known, seen, before)
        except FetchFailed:
            memory.forget(self.mirror)  # it may name objects that the mirror has lost
            raise
        finally:
            importing.close()
        memory.remember(self.mirror, seen, commit=after, largest=self.largest)
        return self._fetched(after, changed=after != before)

    def _items(self) -> Iterable[Item]:
        source = Path(self.request.source)
        if self.request.kind == "folder":
            return walk(source, self._note, largest=self.largest)
        return read_archive(source, self._note, largest=self.largest)

    def _look(self, importing: Import, known: dict[str, Seen]) -> dict[str, Seen]:
        """Return everything that is there, with the contents that are new stored."""
        seen: dict[str, Seen] = {}
        for count, item in enumerate(self._items(), start=1):
            if count % PROGRESS_EVERY == 0:
                self.report(FetchProgress("receiving", count))
            if item.path in seen:
                self._note(f"{item.path} is there more than once; the last one counts.")
            before = known.get(item.path)
            if before is not None and item.stamp is not None and before.stamp == item.stamp:
                seen[item.path] = before
            elif (found := self._read(importing, item, before)) is not None:
                seen[item.path] = found
        if not seen:
            raise FetchRefused(
                "empty_repository",
                "There is no file to read in it. What was there before stays searchable; to take "
                "it out, remove the source.",
            )
        return seen

    def _read(self, importing: Import, item: Item, before: Seen | None) -> Seen | None:
        """Store a content; one that cannot be had now keeps its last version until it can."""
        try:
            content = item.read()
        except ChangedMeanwhile:
            return self._kept(item, before, "is being written")
        except OSError as error:
            if error.errno not in CLOSED:
                return self._kept(item, before, f"cannot be read now ({error.strerror})")
            item = left_out(item.path, SkipReason.BROKEN, f"cannot be read: {error.strerror}")
            content = item.read()
        entry = Entry(item.mode, blob_id(content))
        if before is None or before.entry.oid != entry.oid:
            importing.write_blob(content, entry.oid)
        return Seen(entry, item.stamp)

    def _kept(self, item: Item, before: Seen | None, why: str) -> Seen | None:
        state = "its last version stays" if before else "it is left out"
        self._note(f"{item.path} {why}; {state} until the next look.")
        return before and Seen(before.entry, None)

    def _settled(
        self,
        importing: Import,
        known: dict[str, Seen],
        seen: dict[str, Seen],
        before: str | None,
    ) -> str:
        """Move the branch when the tree differs; return the commit that it stands at."""
        tree = {path: one.entry for path, one in seen.items()}
        if before is not None and tree == {path: one.entry for path, one in known.items()}:
            return before
        importing.commit(tree, before)
        after = self._commit_of(NEXT)
        if after is None:
            raise FetchFailed("import_failed", "git stored no commit.")
        if before is not None and self._tree_of(before) == self._tree_of(after):
            after = before
        self._git("update-ref", LIVE, after)
        self._git("update-ref", "-d", NEXT)
        return after

    def _fetched(self, commit: str, *, changed: bool) -> FetchedRefs:
        notes = tuple(self.notes) + ((f"{self.unnoted} more.",) if self.unnoted else ())
        return FetchedRefs({BRANCH: ResolvedRef(BRANCH, commit, "branch")}, changed, notes)

    def _note(self, sentence: str) -> None:
        if len(self.notes) == MAX_NOTES:
            self.unnoted += 1
        else:
            self.notes.append(sentence[:500].encode("utf-8", "replace").decode())

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
