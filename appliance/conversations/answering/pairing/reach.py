"""What the steps of one question may look at, and the lines of documents behind that wall."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from appliance.conversations.answering.searching import search_for
from appliance.conversations.answering.steps import FoundLines
from appliance.conversations.visible import visible
from indexer.models import Blob, Definition
from indexer.retrieval.hits import Hit, SearchResult
from indexer.retrieval.locating import LocatedDocument, documents_at
from indexer.retrieval.variant import AS_USED, Variant
from indexer.scope import Scope
from indexer.spans import Span

LONGEST_NOTE = 160  # letters


@dataclass(frozen=True, slots=True)
class Reach:
    """The reader's scope, narrowed to the question's sources and ref."""

    scope: Scope
    source_names: tuple[str, ...] = ()
    ref: str = ""

    @property
    def refs(self) -> tuple[str, ...]:
        return (self.ref,) if self.ref else ()

    def search(self, query: str, *, limit: int, variant: Variant = AS_USED) -> SearchResult:
        return search_for(
            query,
            self.scope,
            source_names=self.source_names,
            ref=self.ref,
            limit=limit,
            variant=variant,
        )

    def documents(self, paths: Collection[str], *, limit: int = 20) -> list[LocatedDocument]:
        return documents_at(
            paths, scope=self.scope, source_names=self.source_names, refs=self.refs, limit=limit
        )

    def documents_of(self, places: Collection[tuple[str, str]]) -> list[LocatedDocument]:
        """Return the documents of exactly these sources and paths, in their order."""
        asked = [f"{source}/{path}" for source, path in places]
        found = self.documents(asked, limit=4 * len(asked))
        by_place = {(one.source, one.path): one for one in found}
        return [by_place[place] for place in dict.fromkeys(places) if place in by_place]


@dataclass(frozen=True, slots=True)
class DefinitionLines:
    name: str
    qualified: str
    span: Span
    signature: str


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a document with what it defines."""

    lines: tuple[str, ...]
    definitions: tuple[DefinitionLines, ...]

    @classmethod
    def of(cls, blob_id: int) -> Text | None:
        """Return the text of a blob; None when it is not stored any more."""
        text = Blob.objects.filter(pk=blob_id).values_list("text", flat=True).first()
        if text is None:
            return None
        fields = ("name", "qualified", "start_line", "end_line", "signature")
        rows = Definition.objects.filter(blob_id=blob_id).order_by("start_line", "-end_line")
        definitions = tuple(
            DefinitionLines(name, qualified, Span(start, end), signature)
            for name, qualified, start, end, signature in rows.values_list(*fields)
        )
        return cls(tuple(text.removesuffix("\n").split("\n")), definitions)

    def around(self, span: Span, most_lines: int) -> DefinitionLines | None:
        """Return the smallest definition that holds the lines, if it is not too long."""
        holding = [one for one in self.definitions if one.span.contains(span)]
        fitting = [one for one in holding if one.span.line_count <= most_lines]
        return min(fitting, key=lambda one: one.span.line_count, default=None)

    def clipped(self, first: int, last: int) -> Span | None:
        """Return these lines as far as the text has them."""
        first, last = max(1, min(first, last)), min(max(first, last), len(self.lines))
        return Span(first, last) if first <= last else None


def hits_of(found: Iterable[FoundLines]) -> tuple[Hit, ...]:
    """Return places with their lines, as a prompt takes them; what is not stored any more is left out."""
    places = list(found)
    blobs = Blob.objects.in_bulk({one.blob_id for one in places})
    return tuple(_hit(one, blobs[one.blob_id]) for one in places if one.blob_id in blobs)


def _hit(found: FoundLines, blob: Blob) -> Hit:
    return Hit(
        source_id=found.source_id,
        source=found.source,
        path=found.path,
        commit=found.commit,
        blob_id=found.blob_id,
        span=found.span,
        symbol=found.symbol,
        kind="",
        language=blob.language,
        score=found.score,
        legs=found.legs,
        text="\n".join(found.span.lines_of(blob.text)),
        core=found.core,
    )


def found_by(hit: Hit, *, share: float) -> FoundLines:
    """Return a hit as an entry of the ledger; `share` is what its score counts."""
    return FoundLines(
        hit.source_id,
        hit.source,
        hit.path,
        hit.commit,
        hit.blob_id,
        hit.span,
        round(hit.score * share, 4),
        hit.symbol,
        telling_line(hit.core_text, hit.matched),
        hit.core,
        hit.legs,
    )


def telling_line(text: str, words: Collection[str]) -> str:
    """Return the line that holds most of these words; of equals the first that says anything."""
    lines = [line for line in text.split("\n") if re.search(r"\w", line)]
    best = max(lines, key=lambda line: sum(word in line.lower() for word in words), default="")
    return note(best)


def note(text: str) -> str:
    """Return a text as one short line."""
    return re.sub(r"\s+", " ", visible(text)).strip()[:LONGEST_NOTE]
