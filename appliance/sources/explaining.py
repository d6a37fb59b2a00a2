"""Answers "why is this file not found?": what is known of one path of one source, in plain words.

The caller has decided who asks: the path is one that they may read, and `scope` bounds the paths
that are suggested. `for_staff` adds what only those who run the product may know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Exists, OuterRef

from appliance.sources.nearby import paths_containing, paths_near
from appliance.sources.overview import overviews_of
from appliance.sources.remedies import remedy_for
from indexer import clients, mirrors
from indexer.fetching.history import kind_at, last_change, refs_with
from indexer.fetching.patterns import short_name
from indexer.lexical.terms import WORD, path_terms
from indexer.lexical.words import split_word
from indexer.models import Blob, Chunk, Document, Embedding, SkippedFile, Source
from indexer.reading.roles import DocumentRole
from indexer.retrieval.roles import ASKED
from indexer.scope import Scope
from indexer.skips import EXPLANATIONS, SkipReason

State = Literal["indexed", "skipped", "pending", "folder", "absent", "unsynced", "hidden"]
UNINDEXED: dict[str, State] = {"tree": "folder", "blob": "pending", "commit": "pending"}
SHOWN_NAMES = 5


@dataclass(frozen=True, slots=True)
class RefState:
    """What the path is in one followed ref."""

    ref: str
    kind: str
    commit: str
    live_at: datetime
    is_default: bool
    state: State
    why: str = ""  # for a skipped file: reason and detail
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class IndexedFacts:
    """How a searchable file stands in the index."""

    lines: int
    chunks: int
    chunks_with_vectors: int
    role: str
    weight: float  # of its role in the ranking; 1 is full
    format: str
    language: str
    note: str  # such as why it was split by lines
    findings: int  # secrets and hidden characters that were masked; for staff


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, ready for a page and for --json."""

    source: str
    path: str
    state: State
    headline: str
    remedy: str
    refs: tuple[RefState, ...]
    indexed: IndexedFacts | None
    words: tuple[str, ...]  # that find the path
    notes: tuple[str, ...]  # about the source: paused, failing, behind
    history: tuple[str, ...]  # where else the path is or was
    suggestions: tuple[str, ...]


def cleaned(path: str) -> str:
    """Return a path as git writes it: what people paste begins with / or ./ at times."""
    readable = path.encode("utf-8", "replace").decode().replace("\0", "")
    return readable.strip().removeprefix("./").lstrip("/")[:1000]


def answer_why(
    source: Source, path: str, scope: Scope, *, for_staff: bool = False
) -> Explanation | None:
    """Return what the asker may know of the path; None when that is nothing."""
    if source.hidden_at:
        return _hidden(source, path, source.hidden_at, for_staff=for_staff)
    if scope.allows(source.pk, path):
        return explain(source, path, scope, for_staff=for_staff)
    return suggest(source, path, scope)


def _hidden(source: Source, path: str, since: datetime, *, for_staff: bool) -> Explanation:
    """Return the same for every path: what the origin took back is nobody's to ask about."""
    headline = (
        f"{source.name} is hidden since {since:%Y-%m-%d %H:%M} UTC, because its origin does not "
        "give it any more: nothing of it is found."
    )
    remedy = (
        f"{source.hidden_reason} It is shown again with the next sync that succeeds."
        if for_staff
        else "An administrator can see why."
    )
    return Explanation(source.name, path, "hidden", headline, remedy, (), None, (), (), (), ())


def explain(source: Source, path: str, scope: Scope, *, for_staff: bool = False) -> Explanation:
    """Return what is known of the path in every followed ref."""
    refs = tuple(_ref_states(source, path))
    document = _document(source, path)
    state = _overall(refs)
    first = next((ref for ref in refs if ref.state == state), None)
    near = state in {"absent", "folder", "unsynced"}
    return Explanation(
        source=source.name,
        path=path,
        state=state,
        headline=_headline(state, first, source),
        remedy=first.remedy if first else "",
        refs=refs,
        indexed=_facts(document, for_staff=for_staff) if document else None,
        words=_words(path) if document else (),
        notes=tuple(_notes(source, for_staff=for_staff)),
        history=tuple(_history(source, path, state, for_staff=for_staff)),
        suggestions=tuple(paths_near(source, path, scope)) if near else (),
    )


def suggest(source: Source, text: str, scope: Scope) -> Explanation | None:
    """Return paths that hold the text, of those in the scope, and nothing else; None without any.

    For a path that the asker may not read: it must look like one that does not exist.
    """
    found = paths_containing(source, text, scope)
    if not found:
        return None
    headline = f"No file has exactly this path: {text}."
    return Explanation(
        source.name, text, "absent", headline, "", (), None, (), (), (), tuple(found)
    )


def _ref_states(source: Source, path: str) -> Iterator[RefState]:
    rows = Document.objects.filter(source=source, path=path).values_list("refs", flat=True)
    holding = {ref_id for refs in rows for ref_id in refs}
    skipped = {one.ref_id: one for one in SkippedFile.objects.filter(ref__source=source, path=path)}
    mirror = mirrors.nearest(source)
    for ref in source.refs.order_by("-is_default", "name"):
        state: State = "absent"
        why = remedy = ""
        if ref.pk in holding:
            state = "indexed"
        elif one := skipped.get(ref.pk):
            state, why = "skipped", EXPLANATIONS[SkipReason(one.reason)]
            why = f"{why} ({one.detail})" if one.detail else why
            remedy = remedy_for(SkipReason(one.reason), one.detail)
        else:
            state = UNINDEXED.get(kind_at(mirror, ref.commit, path), "absent")
        yield RefState(
            ref.name, ref.kind, ref.commit, ref.live_at, ref.is_default, state, why, remedy
        )


def _overall(refs: tuple[RefState, ...]) -> State:
    """Return the state in the default ref: that is what search looks at by itself."""
    if not refs:
        return "unsynced"
    return refs[0].state


def _headline(state: State, ref: RefState | None, source: Source) -> str:
    if ref is None:
        return f"{source.name} has not been synced yet: nothing of it is found."
    place = f"{ref.ref} of {source.name}"
    return {
        "indexed": f"It is indexed: search finds it in {place}.",
        "skipped": f"It was skipped in {place}. {ref.why}",
        "pending": f"It is in {place}, but not in the index: a sync will look at it again.",
        "folder": f"It is a folder in {place}: files are found, not folders.",
        "absent": f"There is no such path in {place}, at commit {ref.commit[:10]}.",
        "unsynced": "",
        "hidden": "",
    }[state]


def _words(path: str) -> tuple[str, ...]:
    """Return the words of a path that search looks at, as a person would type them."""
    parts = [part.lower() for word in WORD.findall(path) for part in split_word(word)]
    return tuple(dict.fromkeys(part for part in parts if path_terms(part)))


def _document(source: Source, path: str) -> Document | None:
    """Return the document of the default ref, else one of another."""
    default = source.refs.filter(is_default=True).first()
    documents = Document.objects.filter(source=source, path=path).select_related("blob")
    rows = sorted(documents, key=lambda row: default is None or default.pk not in row.refs)
    return rows[0] if rows else None


def _facts(document: Document, *, for_staff: bool) -> IndexedFacts:
    blob: Blob = document.blob
    chunks = Chunk.objects.filter(blob=blob)
    vectors = Embedding.objects.filter(digest=OuterRef("digest"), model=clients.embedder().model)
    return IndexedFacts(
        lines=blob.line_count,
        chunks=chunks.count(),
        chunks_with_vectors=chunks.filter(Exists(vectors)).count(),
        role=document.role,
        weight=ASKED[DocumentRole(document.role)],
        format=blob.format,
        language=blob.language,
        note=blob.note,
        findings=blob.findings.count() if for_staff else 0,
    )


def _notes(source: Source, *, for_staff: bool) -> Iterator[str]:
    """Say what keeps the source from being up to date."""
    (overview,) = overviews_of(Source.objects.filter(pk=source.pk))
    if source.is_paused:
        yield "The source is paused: what was pushed since then is not here."
    if overview.error:
        yield (
            f"Its last attempt to sync failed: {overview.error}"
            if for_staff
            else "Its last sync failed; an administrator can see why."
        )
    if overview.is_active:
        yield f"A sync is at work ({overview.label}): look again in a moment."
    if source.pushed_at:
        yield f"A push of {source.pushed_at:%Y-%m-%d %H:%M} UTC is not live yet."
    if source.checked_at:
        yield f"Last compared with its origin at {source.checked_at:%Y-%m-%d %H:%M} UTC."
    if overview.commit and not overview.is_vector_ready:
        yield "Not all of its vectors are there yet: until then words find more than meaning."


def _history(source: Source, path: str, state: State, *, for_staff: bool) -> Iterator[str]:
    """Say where else the path is or was, as far as the mirror knows."""
    mirror = mirrors.nearest(source)
    followed = {ref.name: ref.commit for ref in source.refs.order_by("-is_default", "name")}
    change = last_change(mirror, list(followed.values())[:50], path)
    if change:
        gone = state == "absent" and not kind_at(mirror, change.commit, path)
        verb = "It was removed" if gone else "It was last changed"
        yield f"{verb} by commit {change.commit[:10]} of {change.committed_at:%Y-%m-%d}."
    if for_staff and state == "absent":
        others = [short_name(full) for full in refs_with(mirror, path)]
        unfollowed = [name for name in others if name not in followed]
        if unfollowed:
            more = len(unfollowed) - SHOWN_NAMES
            names = ", ".join(unfollowed[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
            yield f"It is in {names}, not followed here."
