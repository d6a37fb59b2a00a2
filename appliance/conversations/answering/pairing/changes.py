"""The action "history": files that past commits changed together, or for a reason like the one asked.

Their messages are not shown: one may speak of any file of its source. So only sources that may be
read whole have a history here, and what comes of it are places of documents as they are now.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from appliance.conversations.answering.pairing.ledger import Ledger
from appliance.conversations.answering.pairing.outcomes import Outcome, of_files
from appliance.conversations.answering.pairing.plans import Plan
from appliance.conversations.answering.pairing.reach import Reach, Text, found_by
from appliance.conversations.answering.steps import FoundLines, Kind
from indexer.models import Commit
from indexer.retrieval.locating import LocatedDocument
from indexer.retrieval.variant import Variant

COMMITS = 30  # of one file, newest first
MOST_FILES = 5
SHARE = 0.5
LINES = 40  # of a file that changed together with another: its beginning


def history(plan: Plan, ledger: Ledger, reach: Reach) -> Outcome:
    """Look at what changed together with a file, or what past commits say of some words."""
    if plan.place:
        return _with(plan.place, ledger, reach)
    result = reach.search(plan.text, limit=MOST_FILES, variant=Variant.only("history"))
    found = tuple(found_by(hit, share=SHARE) for hit in result.hits)
    return Outcome(
        Kind.HISTORY, f"Looked in past changes for “{plan.text}”", of_files(found), found
    )


def _with(place: str, ledger: Ledger, reach: Reach) -> Outcome:
    entry = ledger.named(place)
    name = f"{entry.lines.source}/{entry.lines.path}" if entry else place
    document = next(iter(reach.documents([name], limit=1)), None)
    if document is None:
        title = f"Looked at what changed with {place}"
        return Outcome(Kind.HISTORY, title, "There is no such file in what you may read.")
    title = f"Looked at what changed with {document.path}"
    if document.source_id not in reach.scope.whole_source_ids:
        return Outcome(Kind.HISTORY, title, "Nothing was found.", about=document)
    together, commits = _together(document)
    found = _found(document, together, reach)
    times = f"{commits} commit{'s' * (commits != 1)} changed it"
    return Outcome(Kind.HISTORY, title, f"{times}. {of_files(found)}", found, document)


def _together(document: LocatedDocument) -> tuple[Counter[str], int]:
    """Return how often other files changed with one, and how many commits were looked at."""
    commits = Commit.objects.filter(
        source_id=document.source_id, paths__contains=[document.path]
    ).order_by("-committed_at", "-pk")
    listed = list(commits.values_list("paths", flat=True)[:COMMITS])
    counts = Counter(path for paths in listed for path in paths if path != document.path)
    return counts, len(listed)


def _found(
    document: LocatedDocument, together: Counter[str], reach: Reach
) -> tuple[FoundLines, ...]:
    most = sorted(together.items(), key=lambda one: (-one[1], one[0]))[: 2 * MOST_FILES]
    documents = reach.documents_of([(document.source, path) for path, _ in most])[:MOST_FILES]
    found = [_beginning(one, together[one.path]) for one in documents]
    return tuple(one for one in found if one)


def _beginning(document: LocatedDocument, times: int) -> FoundLines | None:
    text = Text.of(document.blob_id)
    span = text.clipped(1, LINES) if text else None
    if span is None:
        return None
    found = FoundLines(
        document.source_id,
        document.source,
        document.path,
        document.commit,
        document.blob_id,
        span,
        SHARE * times / (times + 1),
        legs=("history",),
    )
    return replace(found, note=f"changed with it {times} time{'s' * (times != 1)}")
