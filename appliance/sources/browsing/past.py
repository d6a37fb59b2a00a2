"""The past of one file for one reader: its history, what a commit changed, who wrote its lines.

A message may speak of any file of its source, so only who reads all of the source is shown it; an
earlier name of a file may be one that the reader may not know, and there the history begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from appliance.sources.access import OpenedDocument
from indexer import clients, mirrors
from indexer.errors import FetchError
from indexer.fetching.blame import Blame, BlamedCommit
from indexer.fetching.mirror import read_path
from indexer.history.paths import (
    Change,
    PathCommit,
    PathHistory,
    blame_of,
    change_of,
    history_of,
)
from indexer.reading.exclusions import IGNORE_FILE, Exclusions
from indexer.scope import Scope

# How old lines are, for the colour of the bar beside them; older ones have none.
AGES = (timedelta(days=30), timedelta(days=182), timedelta(days=365), timedelta(days=1095))
IGNORE_FILE_BYTES = 100_000


class PastUnknown(Exception):
    """The past of this file cannot be told; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Past:
    """A file at a live commit, and whose eyes look at it."""

    document: OpenedDocument
    scope: Scope

    @property
    def shows_messages(self) -> bool:
        return self.document.source.pk in self.scope.whole_source_ids

    def history(self) -> PathHistory:
        """Return the commits that changed the file; raises PastUnknown."""
        self._check()
        document = self.document
        try:
            mirror = mirrors.at_hand(document.source)
            return history_of(mirror, document.commit, document.path, self._may_follow)
        except FetchError as failure:
            raise PastUnknown(str(failure)) from failure

    def change(self, commit: PathCommit) -> Change:
        """Return what a commit of the history changed; raises PastUnknown."""
        try:
            mirror = mirrors.at_hand(self.document.source)
            return change_of(mirror, commit, max_bytes=clients.max_file_bytes())
        except FetchError as failure:
            raise PastUnknown(str(failure)) from failure

    def blame(self) -> Blame:
        """Return who wrote the lines; raises PastUnknown."""
        self._check()
        document = self.document
        try:
            blame = blame_of(mirrors.at_hand(document.source), document.commit, document.path)
        except FetchError as failure:
            raise PastUnknown(str(failure)) from failure
        if len(blame.lines) != document.line_count:
            raise PastUnknown(
                "git counts the lines of this file in another way than this page does, so nobody "
                "can be named beside them."
            )
        return blame

    def _check(self) -> None:
        if not self.document.is_live:
            raise PastUnknown(
                "These lines are kept because an answer cites them. The past is told of the "
                "commits that are live now."
            )
        if self.document.format:
            raise PastUnknown(
                "The text of this file was taken out of a document, so git knows nothing of its "
                "lines."
            )

    def _may_follow(self, path: str) -> bool:
        """Say whether the reader may know an earlier name: one that is theirs to read and that
        nobody has excluded from the index."""
        source = self.document.source
        if not self.scope.allows(source.pk, path):
            return False
        found = read_path(
            mirrors.at_hand(source),
            self.document.commit,
            IGNORE_FILE,
            largest_blob=IGNORE_FILE_BYTES,
        )
        text = (found or b"").decode("utf-8", "replace")
        return Exclusions(source.exclude_patterns, text).skip_for(path) is None


def beside_lines(past: Past, blame: Blame) -> list[SafeString]:
    """Return what stands in front of each line: of the first of a run, who wrote it, when and why.

    Of a commit from before a name that the reader may not know, only that it is older.
    """
    known: frozenset[str] | None = None
    if not past.shows_messages:
        known = frozenset(one.oid for one in past.history().commits)
    now = timezone.now()
    firsts = [_first(past, one, known, now) for one in blame.commits]
    rests = [
        format_html('<span class="blame blame-{}"></span>', _age(one, known, now))
        for one in blame.commits
    ]
    beside: list[SafeString] = []
    before = -1
    for number in blame.lines:
        beside.append(rests[number] if number == before else firsts[number])
        before = number
    return beside


def _first(
    past: Past, commit: BlamedCommit, known: frozenset[str] | None, now: datetime
) -> SafeString:
    age = _age(commit, known, now)
    if known is not None and commit.oid not in known:
        return format_html('<span class="blame blame-{}">earlier</span>', age)
    document = past.document
    page = reverse("file_change", args=[document.source.name, document.commit, document.path])
    said = commit.summary if past.shows_messages else ""
    moment = f"{commit.authored_at:%Y-%m-%d}"
    return format_html(
        '<span class="blame blame-{}"><a href="{}?commit={}" title="{}">'
        '<span class="blame-said">{}</span></a><span class="blame-who">{}</span>'
        '<span class="blame-when">{}</span></span>',
        age,
        page,
        commit.oid,
        f"{commit.oid[:10]}, {moment}, {commit.author}: {said}".rstrip(": "),
        said or commit.oid[:10],
        commit.author,
        naturaltime(commit.authored_at).partition(",")[0],
    )


def _age(commit: BlamedCommit, known: frozenset[str] | None, now: datetime) -> int:
    """Return 0 for the newest lines up to 4 for the oldest."""
    if known is not None and commit.oid not in known:
        return len(AGES)
    old = now - commit.authored_at
    return sum(old > limit for limit in AGES)
