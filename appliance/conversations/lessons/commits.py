"""Training pairs from commits: which files a change concerned, and what it made of their lines."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from appliance.conversations.visible import visible
from indexer import clients, mirrors
from indexer.errors import FetchError
from indexer.fetching.differing import DiffLine
from indexer.history.paths import PathCommit, change_of
from indexer.models import Commit, Document, Source
from indexer.reading.roles import DocumentRole
from inference.adapting.pairs import TrainingPair
from inference.training.messages import is_by_a_bot, is_trivial, said, subject

logger = logging.getLogger(__name__)

MOST_FILES = 4  # a commit of more is about no place in particular
MOST_LINES = 40  # of a change that is learned
LONGEST_LINE = 300
LEARNED = (DocumentRole.SOURCE, DocumentRole.TEST, DocumentRole.EXAMPLE)
PLACE = "Which files of {source} does this concern?\n\n{message}"
CHANGE = "These lines stand in {path} of {source}:\n\n```\n{lines}\n```\n\nChange them: {message}"


def commit_pairs(source: Source, *, newest: int) -> Iterator[TrainingPair]:
    """Yield the pairs of a source's newest commits; merges, bots and trivial ones are left out.

    Messages were masked when they were stored, lines are masked as the index does it.
    """
    rows = Commit.objects.filter(source=source).exclude(message="").order_by("-committed_at")
    for commit in rows[:newest]:
        if len(commit.paths) > MOST_FILES or not _says_something(commit):
            continue
        paths = _live_paths(source, commit)
        if not paths:
            continue
        message = visible(said(commit.message))
        prompt = PLACE.format(source=source.name, message=message)
        answer = "\n".join(f"- `{path}`" for path in paths)
        yield TrainingPair("place", source.name, prompt, answer)
        yield from _changes(source, commit, paths)


def _live_paths(source: Source, commit: Commit) -> list[str]:
    """Return which of a commit's files are code that is indexed now: what was excluded since, or is
    gone, is not learned from."""
    live = Document.objects.filter(source=source, path__in=commit.paths, role__in=LEARNED)
    return sorted(live.exclude(refs=[]).values_list("path", flat=True))


def _says_something(commit: Commit) -> bool:
    return not is_by_a_bot(commit.author) and not is_trivial(commit.message)


def _changes(source: Source, commit: Commit, paths: Sequence[str]) -> Iterator[TrainingPair]:
    for path in paths:
        asked = PathCommit(
            commit.oid, commit.author, commit.committed_at, subject(commit.message), "", path, path
        )
        try:
            change = change_of(mirrors.at_hand(source), asked, max_bytes=clients.max_file_bytes())
        except FetchError as exc:
            logger.warning("change skipped source=%s commit=%s: %s", source.pk, commit.oid, exc)
            continue
        yield from _pair(source.name, path, visible(said(commit.message)), change.lines)


def _pair(
    source: str, path: str, message: str, lines: Sequence[DiffLine]
) -> Iterator[TrainingPair]:
    """Yield the first place that a commit changed, when it is small and was there before."""
    first = list(_first_place(lines))
    before = _joined(line.text for line in first if line.kind != "added")
    after = _joined(line.text for line in first if line.kind != "removed")
    kinds = {line.kind for line in first}
    if len(first) <= MOST_LINES and before.strip() and kinds != {"same"}:
        prompt = CHANGE.format(path=path, source=source, lines=before, message=message)
        yield TrainingPair("change", source, prompt, f"```\n{after}\n```")


def _first_place(lines: Sequence[DiffLine]) -> Iterator[DiffLine]:
    for number, line in enumerate(lines):
        if number and line.begins:
            return
        yield line


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(line[:LONGEST_LINE] for line in lines)
