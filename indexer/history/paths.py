"""What the mirror tells of one file, as people may be shown it: who wrote its lines, which commits
changed it, and what each of them changed.

The mirror holds what nobody has masked. So texts are read and masked here exactly as the index
reads them, as a whole and before they are compared; and so are names and messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from indexer.documents.extraction import is_document
from indexer.fetching.blame import Blame, read_blame
from indexer.fetching.changing import versions_at
from indexer.fetching.differing import DiffLine, differences
from indexer.fetching.log import LoggedCommit, read_path_log
from indexer.masking import mask
from indexer.reading.entries import skip_for_entry
from indexer.reading.reader import read
from indexer.retrieval.kept import Kept
from indexer.skips import EXPLANATIONS, Skip, SkipReason

MOST_COMMITS = 2000  # of a file's history
TIME_LIMIT_S = 8.0
MOST_BYTES = 16 * 1024 * 1024  # kept in memory, by each process that shows pages
MESSAGE_FILE = "COMMIT_EDITMSG"  # the name under which messages are masked
REGULAR = 0o100644


@dataclass(frozen=True, slots=True)
class PathCommit:
    """A commit that changed a file, and what the file was called around it."""

    oid: str
    author: str
    committed_at: datetime
    subject: str
    body: str
    before: str  # the path that it found
    after: str  # the path that it left


@dataclass(frozen=True, slots=True)
class PathHistory:
    commits: tuple[PathCommit, ...]
    is_whole: bool  # False: older commits were not read

    @property
    def nbytes(self) -> int:
        return sum(400 + 2 * len(one.subject + one.body + one.before) for one in self.commits)

    def find(self, oid: str) -> PathCommit | None:
        return next((one for one in self.commits if one.oid == oid), None)


@dataclass(frozen=True, slots=True)
class ShownBlame:
    """A blame whose names and messages are masked, with a weight for what is kept in memory."""

    blame: Blame

    @property
    def nbytes(self) -> int:
        return 8 * len(self.blame.lines) + 600 * len(self.blame.commits)


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit changed in a file; `hidden` says in a sentence why it is not shown."""

    lines: tuple[DiffLine, ...] = ()
    is_cut: bool = False
    hidden: str = ""


class NotShown(Exception):
    """The index would not hold this version of the file."""

    def __init__(self, why: str) -> None:
        super().__init__(f"One of the two versions is not shown. {why}")


_blames: Kept[tuple[Path, str, str], ShownBlame] = Kept(MOST_BYTES)
_histories: Kept[tuple[Path, str, str], PathHistory] = Kept(MOST_BYTES)


def blame_of(mirror: Path, commit: str, path: str) -> Blame:
    """Return which commits the lines of a file come from; raises FetchFailed with a sentence."""
    return _blames.get((mirror, commit, path), lambda: _shown_blame(mirror, commit, path)).blame


def _shown_blame(mirror: Path, commit: str, path: str) -> ShownBlame:
    blame = read_blame(mirror, commit, path)
    commits = tuple(
        replace(one, author=masked_words(one.author), summary=masked_words(one.summary))
        for one in blame.commits
    )
    return ShownBlame(Blame(commits, blame.lines))


def history_of(
    mirror: Path, commit: str, path: str, may_follow: Callable[[str], bool]
) -> PathHistory:
    """Return the commits that changed a file, newest first; raises FetchFailed with a sentence.

    `may_follow` says of an earlier name of the file whether it may be known: where it may not, the
    history begins with the commit that gave it the later name, as if that had made the file.
    """
    whole = _histories.get((mirror, commit, path), lambda: _read_history(mirror, commit, path))
    kept: list[PathCommit] = []
    for one in whole.commits:
        if one.before != one.after and not may_follow(one.before):
            kept.append(replace(one, before=one.after))
            return PathHistory(tuple(kept), is_whole=True)
        kept.append(one)
    return whole


def _read_history(mirror: Path, commit: str, path: str) -> PathHistory:
    log = read_path_log(mirror, commit, path, limit=MOST_COMMITS, time_limit_s=TIME_LIMIT_S)
    commits: list[PathCommit] = []
    name = path
    for logged in log.commits:
        one = _path_commit(logged, name)
        commits.append(one)
        name = one.before
    return PathHistory(tuple(commits), log.is_whole)


def _path_commit(logged: LoggedCommit, name: str) -> PathCommit:
    before = next((old for old, new in logged.renames if new == name), name)
    subject, _, body = mask(logged.message, MESSAGE_FILE).text.partition("\n")
    return PathCommit(
        logged.oid,
        masked_words(logged.author),
        logged.committed_at,
        subject.strip(),
        body.strip(),
        before,
        name,
    )


def change_of(mirror: Path, commit: PathCommit, *, max_bytes: int) -> Change:
    """Return what a commit changed in its file; raises FetchFailed with a sentence."""
    versions = versions_at(mirror, commit.oid, commit.before, commit.after, largest_blob=max_bytes)
    try:
        before = _text(commit.before, versions.before, max_bytes) if versions.was_there else ""
        after = _text(commit.after, versions.after, max_bytes) if versions.is_there else ""
    except NotShown as why:
        return Change(hidden=str(why))
    found = differences(before, after)
    if not found.lines:
        return Change(hidden=_why_empty(versions.before == versions.after))
    return Change(found.lines, found.is_cut)


def _text(path: str, content: bytes | None, max_bytes: int) -> str:
    """Return a version of a file as the index would hold it; raises NotShown."""
    if content is None:
        raise NotShown(EXPLANATIONS[SkipReason.TOO_LARGE])
    if not content.strip():
        return ""
    if skip := skip_for_entry(path, REGULAR, len(content), max_bytes=max_bytes):
        raise NotShown(EXPLANATIONS[skip.reason])
    if is_document(path, content):
        raise NotShown("It is a document that has no lines of its own.")
    reading = read(path, content, max_bytes=max_bytes)
    if isinstance(reading, Skip):
        raise NotShown(EXPLANATIONS[reading.reason])
    return mask(reading.text, path).text


def masked_words(text: str) -> str:
    """Return one line that somebody wrote of themselves or of a commit, as it may be shown."""
    return mask(text, MESSAGE_FILE).text.replace("\n", " ").strip()


def _why_empty(is_same: bool) -> str:
    if is_same:
        return "This commit gave the file another name or mode and left its lines as they were."
    return (
        "No line that is shown differs: what changed are line ends, an encoding, "
        "or a secret that is masked in both versions."
    )
