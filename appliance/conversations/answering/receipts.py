"""What was searched for an answer: sources, commits, how many files were left out, and how."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field

from django.db.models import Count

from appliance.conversations.answering.experts import Expert
from appliance.sources.asof import AsOf
from indexer.models import Ref, SkippedFile
from indexer.retrieval.hits import SearchResult
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class SearchedSource:
    name: str
    commit: str
    live_at: str  # ISO 8601: since when this commit is live
    checked_at: str = ""  # when it was last compared with the origin: how fresh the answer is


@dataclass(frozen=True, slots=True)
class Receipt:
    """Shown beside every answer; with "not found" it says what not finding is worth."""

    query: str
    rewritten: bool
    sources: tuple[SearchedSource, ...]
    legs: tuple[str, ...]
    hits: int
    skipped: int  # files of these sources that are not indexed
    skipped_by: dict[str, int] = field(default_factory=dict)  # of them, by reason
    ref: str = ""  # as of this branch or tag; empty: each source's default
    lacking: tuple[str, ...] = ()  # the sources that were left out because they have no such ref
    given: int = 0  # pieces of evidence in the prompt
    struck: int = 0
    repaired: bool = False  # written again without names that occur nowhere
    asked_back: bool = False  # the answer is a question to the person
    options: tuple[str, ...] = ()  # of such a question: names that were found
    experts: tuple[Expert, ...] = ()  # with "not found": who may know
    writers: tuple[Expert, ...] = ()  # of lines where anybody may write
    prompt_tokens: int | None = None
    window_tokens: int | None = None

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def receipt_of(
    scope: Scope,
    source_names: Collection[str],
    query: str,
    result: SearchResult,
    *,
    rewritten: bool,
    narrowing: AsOf,
) -> Receipt:
    """Write down a search. Counts of skipped files cover only sources that may be read whole."""
    refs = Ref.objects.filter(source_id__in=scope.source_ids)
    refs = refs.filter(name=narrowing.ref) if narrowing.ref else refs.filter(is_default=True)
    if source_names:
        refs = refs.filter(source__name__in=source_names)
    refs = refs.select_related("source").order_by("source__name")
    skipped = SkippedFile.objects.filter(ref__in=refs, ref__source_id__in=scope.whole_source_ids)
    reasons = skipped.order_by().values_list("reason").annotate(files=Count("pk"))
    skipped_by = dict(sorted(reasons, key=lambda one: (-one[1], one[0])))
    return Receipt(
        query=query,
        rewritten=rewritten,
        sources=tuple(
            SearchedSource(
                name=ref.source.name,
                commit=ref.commit,
                live_at=ref.live_at.isoformat(),
                checked_at=ref.source.checked_at.isoformat() if ref.source.checked_at else "",
            )
            for ref in refs
        ),
        legs=result.legs,
        hits=len(result.hits),
        skipped=sum(skipped_by.values()),
        skipped_by=skipped_by,
        ref=narrowing.ref,
        lacking=narrowing.lacking,
    )
