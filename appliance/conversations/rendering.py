"""An answer as HTML for one reader: Markdown to an allow-list, citations as links.

Two walls: the Markdown parser knows no raw HTML, no images and no links, so that an address in an
answer is text; and only what markup.py allows comes through, whatever the parser did.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from appliance.common.markup import ANSWER, cleaned, markdown
from appliance.conversations.access import is_sealed, names_of
from appliance.conversations.answering.fixing.drafting import is_patch_block
from appliance.conversations.answering.steps import Step
from appliance.conversations.changes import PatchView, patch_views
from appliance.conversations.checking import checks
from appliance.conversations.checking.citations import (
    CompiledAnswer,
    NameMark,
    Segment,
    SentenceMark,
    compile_answer,
    compile_judged,
)
from appliance.conversations.checking.markers import without_unfinished
from appliance.conversations.checking.support import Verdict
from appliance.conversations.colouring import highlight_block
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.living.reading import LivingAnswer, LivingCitation, living_answer
from appliance.conversations.models import Message, MessageEvidence
from appliance.conversations.visible import visible
from indexer.scope import Scope
from indexer.spans import Span

# Private-use characters stand for citations and marks while Markdown is rendered, one for each: a
# single letter is never taken apart. None comes from a model.
FIRST, LAST = 0xF0000, 0xFFFFD
PLACEHOLDER = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]")

MISSING_SHOWN = 5  # names in the text of a mark

MARKDOWN = markdown(highlight=highlight_block).disable(
    ["image", "link", "autolink", "reference", "entity"]
)


@dataclass(frozen=True, slots=True)
class CitationView:
    """Evidence as a page shows it, with its lines."""

    handle: str
    role: str  # cited, in_prompt, found
    source: str
    path: str
    commit: str
    start_line: int
    end_line: int
    symbol: str
    language: str
    url: str
    lines: tuple[tuple[int, str], ...]
    checked_at: datetime | None  # when the source was last compared with its origin
    moved_from: Span | None = None  # of a citation that was moved: the lines that it named
    note: str = ""  # of a curator
    cited_lines: frozenset[int] = frozenset()  # of a long piece: those that citations show
    living: tuple[LivingCitation, ...] = ()  # what became of what is cited of these lines
    is_open: bool = False  # whether anybody may write where these lines stand
    writer: str = ""  # of such lines: who wrote most of them

    @property
    def key(self) -> str:
        """Return what a citation finds its card by."""
        return key_of(self.handle, self.moved_from and Span(self.start_line, self.end_line))


def key_of(handle: str, moved_to: Span | None) -> str:
    """Return the key of a card: moved citations have one of their own."""
    return f"{handle}-{moved_to.start_line}-{moved_to.end_line}" if moved_to else handle


@dataclass(frozen=True, slots=True)
class RenderedAnswer:
    html: SafeString
    citations: tuple[CitationView, ...]
    struck: int
    sealed: bool = False
    evidence: tuple[CitationView, ...] = ()  # what stood in the prompt or was found, cited first
    searched: tuple[dict[str, str], ...] = ()  # of the receipt: the sources that may be named
    lacking: tuple[str, ...] = ()  # of the receipt: sources without the ref that was asked about
    experts: tuple[dict[str, Any], ...] = ()  # of the receipt: for places that may be read
    counts: checks.Counts = field(default_factory=checks.Counts)
    unknown: tuple[str, ...] = ()  # names that occur nowhere
    steps: tuple[Step, ...] = ()  # of the modes that take several
    patches: tuple[PatchView, ...] = ()  # proposed changes with their checks
    living: LivingAnswer = field(default_factory=LivingAnswer)  # what became of its citations

    @property
    def running_step(self) -> Step | None:
        return next((step for step in self.steps if step.is_running), None)

    @property
    def step_seconds(self) -> float:
        return sum(step.seconds for step in self.steps)


SEALED = RenderedAnswer(mark_safe(""), (), 0, sealed=True)


def render_answer(message: Message, scope: Scope) -> RenderedAnswer:
    """Render an answer for a reader; sealed, and empty, when they may not read its evidence."""
    if is_sealed(message, scope):
        return SEALED
    living = living_answer(message, _links(message), scope)
    return render_unsealed(message, names_of(scope).values(), living)


def render_unsealed(
    message: Message, names: Collection[str], living: LivingAnswer
) -> RenderedAnswer:
    """Render an answer of which it is decided that the reader may see it.

    `names` are those of the sources that they may be told of; `living` is what became of its
    citations since, as far as they may know.
    """
    links = _links(message)
    compiled = _compiled(message, links)
    evidence = _with_writers(_views(links, compiled, living), message.receipt)
    html = _with_elements(compiled.segments)
    cited = {key_of(piece.handle, piece.moved_from and piece.span) for piece in compiled.cited}
    receipt = message.receipt
    return RenderedAnswer(
        mark_safe(html),  # noqa: S308  cleaned above
        tuple(view for view in evidence if view.key in cited),
        message.struck,
        evidence=evidence,
        searched=tuple(one for one in receipt.get("sources", ()) if one["name"] in names),
        lacking=tuple(name for name in receipt.get("lacking", ()) if name in names),
        experts=_experts(receipt, evidence),
        counts=checks.counted(compiled.judgements),
        unknown=compiled.unknown,
        steps=tuple(map(Step.from_json, message.steps)),
        patches=patch_views(message),
        living=living,
    )


def compiled_answer(message: Message) -> CompiledAnswer:
    """Return an answer as it is shown: its text with the citations that hold."""
    return _compiled(message, _links(message))


def settled_answer(message: Message) -> CompiledAnswer:
    """Return an answer as it will stay: while it is written, as far as its sentences are judged."""
    links = _links(message)
    if not message.is_open:
        return _compiled(message, links)
    given = {link.handle: link for link in links if link.role == MessageEvidence.Role.IN_PROMPT}
    return _judged(message, given)


def _experts(
    receipt: dict[str, Any], evidence: Iterable[CitationView]
) -> tuple[dict[str, Any], ...]:
    """Return who may know of what is shown: of a source that is gone nobody is named."""
    shown = {(view.source, view.path) for view in evidence}
    named = receipt.get("experts", ())
    return tuple(one for one in named if (one["source"], one["path"]) in shown)


def _with_writers(
    views: tuple[CitationView, ...], receipt: dict[str, Any]
) -> tuple[CitationView, ...]:
    """Name, beside lines where anybody may write, who wrote most of them."""
    writers = {(one["source"], one["path"]): one["name"] for one in receipt.get("writers", ())}
    return tuple(
        replace(view, writer=writers.get((view.source, view.path), "")) if view.is_open else view
        for view in views
    )


def render_markdown(text: str) -> str:
    """Return Markdown as HTML in which only the allowed tags are left."""
    return cleaned(MARKDOWN.render(text), ANSWER)


def _views(
    links: list[MessageEvidence], compiled: CompiledAnswer, living: LivingAnswer
) -> tuple[CitationView, ...]:
    """Return what stood in the prompt or was found, each once, what is cited first."""
    moved = [piece for piece in compiled.cited if piece.moved_from]
    cited = {piece.handle for piece in compiled.cited if not piece.moved_from}
    shown = [link for link in links if link.role != MessageEvidence.Role.CITED]
    by_handle = {link.handle: link for link in shown}
    views = [
        _view(lines_behind(link), link, "cited" if link.handle in cited else link.role)
        for link in shown
    ]
    views += [_view(piece, by_handle[piece.handle], "cited") for piece in dict.fromkeys(moved)]
    closer = _closer(compiled.cited)
    unique = {
        view.key: replace(_with_living(view, living), cited_lines=closer.get(view.key, frozenset()))
        for view in views
    }
    return tuple(
        sorted(unique.values(), key=lambda view: (view.role != "cited", int(view.handle[1:])))
    )


def with_evidence(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Fetch what rendering needs of many messages at once; each text of a blob comes once."""
    return messages.prefetch_related(
        Prefetch("evidence_links", _used(MessageEvidence.objects.all())),
        "evidence_links__evidence__source",
        "evidence_links__evidence__blob",
    )


def _closer(cited: Iterable[EvidenceLines]) -> dict[str, frozenset[int]]:
    """Return which lines of a piece its citations show, by handle; moved ones have a card of their own."""
    lines: dict[str, set[int]] = {}
    for piece in cited:
        if not piece.moved_from:
            span = piece.span
            lines.setdefault(piece.handle, set()).update(range(span.start_line, span.end_line + 1))
    return {handle: frozenset(numbers) for handle, numbers in lines.items()}


def _with_living(view: CitationView, living: LivingAnswer) -> CitationView:
    return replace(view, living=living.of(view.handle, Span(view.start_line, view.end_line)))


def _links(message: Message) -> list[MessageEvidence]:
    if "evidence_links" in getattr(message, "_prefetched_objects_cache", {}):
        return list(message.evidence_links.all())
    return list(
        _used(message.evidence_links.all()).select_related("evidence__source", "evidence__blob")
    )


def _used(links: QuerySet[MessageEvidence]) -> QuerySet[MessageEvidence]:
    """Leave out what was found and not given to the model."""
    return links.exclude(role=MessageEvidence.Role.LEFT_OUT)


def _compiled(message: Message, links: list[MessageEvidence]) -> CompiledAnswer:
    """Compile what was written: judged sentences as they were judged; of the sentence that is
    still being written every citation of the prompt's lines counts.

    An answer from before sentences were judged has the citations that were written down.
    """
    given = {link.handle: link for link in links if link.role == MessageEvidence.Role.IN_PROMPT}
    offered = {handle: lines_behind(link) for handle, link in given.items()}
    stored = message.checks.get("sentences", [])
    if message.is_open or stored:
        # What is not judged yet, or was left when its worker died and never will be.
        end = stored[-1]["at"][1] if stored else 0
        tail = without_unfinished(visible(message.text[end:]))
        rest = compile_answer(tail, offered if message.is_open else {})
        judged = _judged(message, given)
        return replace(judged, segments=judged.segments + rest.segments)
    cited = {
        (link.handle, lines_behind(link).place)
        for link in links
        if link.role == MessageEvidence.Role.CITED
    }
    return compile_answer(
        visible(message.text), offered, lambda piece: (piece.handle, piece.place) in cited
    )


def _judged(message: Message, given: dict[str, MessageEvidence]) -> CompiledAnswer:
    def lines_at(handle: str, span: Span, moved_from: Span | None) -> EvidenceLines | None:
        if handle not in given:
            return None
        piece = lines_behind(given[handle])
        text = given[handle].evidence.lines_at(span)
        symbol = piece.symbol if piece.span.contains(span) else ""
        return replace(piece, span=span, text=text, symbol=symbol, moved_from=moved_from)

    judgements = checks.from_json(message.checks, message.text, lines_at)
    if message.patches:  # they are shown under the answer, with their checks
        judgements = [one for one in judgements if not is_patch_block(one.sentence)]
    return compile_judged(judgements, unknown=message.checks.get("unknown", ()))


def lines_behind(link: MessageEvidence) -> EvidenceLines:
    """Return the lines that a link points to, as they are stored."""
    evidence = link.evidence
    return EvidenceLines(
        handle=link.handle,
        source_id=evidence.source_id,
        source=evidence.source.name,
        commit=evidence.commit,
        path=evidence.path,
        blob_id=evidence.blob_id,
        span=evidence.span,
        symbol=evidence.symbol,
        text=evidence.lines_at(evidence.span),
        note=link.note,
    )


def _view(piece: EvidenceLines, link: MessageEvidence, role: str) -> CitationView:
    return CitationView(
        handle=piece.handle,
        role=role,
        source=piece.source,
        path=piece.path,
        commit=piece.commit,
        start_line=piece.span.start_line,
        end_line=piece.span.end_line,
        symbol=piece.symbol,
        language=link.evidence.blob.language,
        url=file_url(piece),
        lines=tuple(enumerate(piece.text.split("\n"), start=piece.span.start_line)),
        checked_at=link.evidence.source.checked_at,
        moved_from=piece.moved_from,
        note=link.note,
        is_open=link.evidence.source.is_open,
    )


def file_url(piece: EvidenceLines) -> str:
    """Return where the cited lines open, highlighted, at their commit."""
    page = reverse("file", args=[piece.source, piece.commit, piece.path])
    first, last = piece.span.start_line, piece.span.end_line
    return f"{page}?lines={first}-{last}#L{quote(str(first))}"


def _with_elements(segments: Iterable[Segment]) -> str:
    """Return the answer as HTML: its Markdown, then a link or mark in the place of each letter."""
    parts: list[str] = []
    elements: list[str] = []
    for segment in segments:
        if isinstance(segment, str):
            parts.append(PLACEHOLDER.sub("", visible(segment)))
        elif FIRST + len(elements) <= LAST:
            parts.append(chr(FIRST + len(elements)))
            elements.append(_element(segment))
    return PLACEHOLDER.sub(
        lambda found: elements[ord(found[0]) - FIRST], render_markdown("".join(parts))
    )


def _element(segment: EvidenceLines | SentenceMark | NameMark) -> str:
    if isinstance(segment, EvidenceLines):
        return _link(segment)
    if isinstance(segment, NameMark):
        return format_html(
            '<span class="mark mark-unknown" role="img" aria-label="unknown name" title="{}"></span>',
            f"{segment.name} occurs nowhere in what you may read, nor in your question.",
        )
    if segment.verdict is Verdict.DOUBTFUL:
        return format_html(
            '<span class="mark mark-doubtful" role="img" aria-label="not confirmed" title="{}"></span>',
            "Not confirmed: this sentence names nothing that could be looked up in the cited lines.",
        )
    missing = ", ".join(segment.missing[:MISSING_SHOWN])
    return format_html(
        '<span class="mark mark-unsupported" role="img" aria-label="not supported" title="{}"></span>',
        f"Not supported: the cited documents do not hold {missing}."
        if missing
        else "Not supported: what was cited for this sentence does not hold.",
    )


def _link(piece: EvidenceLines) -> str:
    where = f"{piece.source}: {piece.path}, lines {piece.span.start_line} to {piece.span.end_line}"
    moved = piece.moved_from
    return format_html(
        '<a class="citation{}" data-handle="{}" data-lines="{}-{}" href="{}" title="{}">{}</a>',
        " is-moved" if moved else "",
        key_of(piece.handle, moved and piece.span),
        piece.span.start_line,
        piece.span.end_line,
        file_url(piece),
        f"{where}; moved here from lines {moved.start_line} to {moved.end_line}"
        if moved
        else where,
        piece.handle[1:],
    )
