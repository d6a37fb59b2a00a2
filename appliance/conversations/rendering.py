"""An answer as HTML for one reader: Markdown to an allow-list, citations as links.

Two walls: the Markdown parser knows no raw HTML, no images and no links, so that an address in an
answer is text; and nh3 lets only the tags and classes below through, whatever the parser did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import nh3
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from appliance.conversations.access import is_sealed
from appliance.conversations.citations import (
    CompiledAnswer,
    compile_answer,
    without_unfinished,
)
from appliance.conversations.colouring import highlight_block
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.models import Message, MessageEvidence
from appliance.conversations.visible import visible
from indexer.models import Source
from indexer.scope import Scope

# Private-use characters stand for citations while Markdown is rendered; none comes from a model.
OPEN, CLOSE = "\ue000", "\ue001"
PLACEHOLDER = re.compile(f"{OPEN}([0-9]+){CLOSE}")

ALLOWED_TAGS = {
    "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ALLOWED_ATTRIBUTES = {"span": {"class"}, "code": {"class"}, "ol": {"start"}}
# No placeholder fits: a citation after a fence's backticks must not become part of a tag.
ALLOWED_VALUE = re.compile(r"[A-Za-z0-9_+#. -]{1,60}", re.ASCII)

MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "highlight": highlight_block})
    .enable(["table", "strikethrough"])
    .disable(["image", "link", "autolink", "html_block", "html_inline", "reference", "entity"])
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


@dataclass(frozen=True, slots=True)
class RenderedAnswer:
    html: SafeString
    citations: tuple[CitationView, ...]
    struck: int
    sealed: bool = False
    evidence: tuple[CitationView, ...] = ()  # what stood in the prompt or was found, cited first
    searched: tuple[dict[str, str], ...] = ()  # of the receipt: the sources that may be named
    lacking: tuple[str, ...] = ()  # of the receipt: sources without the ref that was asked about


def render_answer(message: Message, scope: Scope) -> RenderedAnswer:
    """Render an answer for a reader; sealed, and empty, when they may not read its evidence."""
    if is_sealed(message, scope):
        return RenderedAnswer(mark_safe(""), (), 0, sealed=True)
    links = _links(message)
    compiled = _compiled(message, links)
    evidence = _views(links)
    views = {view.handle: view for view in evidence}
    pieces = [segment for segment in compiled.segments if isinstance(segment, EvidenceLines)]
    html = PLACEHOLDER.sub(
        lambda found: _link(pieces[int(found[1])]),
        render_markdown(_with_placeholders(compiled.segments)),
    )
    cited = [views[piece.handle] for piece in compiled.cited if piece.handle in views]
    searched, lacking = _named_in(message.receipt, scope)
    return RenderedAnswer(
        mark_safe(html),  # noqa: S308  cleaned above
        tuple(dict.fromkeys(cited)),
        message.struck,
        evidence=evidence,
        searched=searched,
        lacking=lacking,
    )


def _named_in(
    receipt: dict[str, Any], scope: Scope
) -> tuple[tuple[dict[str, str], ...], tuple[str, ...]]:
    """Return the searched sources, and those without the ref that was asked about.

    Sources that the reader may not know of any more are left out.
    """
    searched, lacking = receipt.get("sources", []), receipt.get("lacking", [])
    if not searched and not lacking:
        return (), ()
    readable = Source.objects.filter(pk__in=scope.source_ids)
    names = set(readable.values_list("name", flat=True))
    return (
        tuple(source for source in searched if source["name"] in names),
        tuple(name for name in lacking if name in names),
    )


def render_markdown(text: str) -> str:
    """Return Markdown as HTML in which only the allowed tags are left."""
    return nh3.clean(
        MARKDOWN.render(text),
        tags=ALLOWED_TAGS,
        attributes=ALLOWED_ATTRIBUTES,
        attribute_filter=lambda tag, name, value: value if ALLOWED_VALUE.fullmatch(value) else None,
        link_rel=None,
    )


def _views(links: list[MessageEvidence]) -> tuple[CitationView, ...]:
    """Return what stood in the prompt or was found, each once, what is cited first."""
    cited = {link.handle for link in links if link.role == MessageEvidence.Role.CITED}
    shown = [link for link in links if link.role != MessageEvidence.Role.CITED]
    views = [_view(link, "cited" if link.handle in cited else link.role) for link in shown]
    return tuple(sorted(views, key=lambda view: (view.role != "cited", int(view.handle[1:]))))


def _links(message: Message) -> list[MessageEvidence]:
    return list(message.evidence_links.select_related("evidence__source", "evidence__blob"))


def _compiled(message: Message, links: list[MessageEvidence]) -> CompiledAnswer:
    """Compile what was written: until the end every citation of the prompt's lines counts, then
    only what was checked and written down as cited."""
    offered = {
        link.handle: _lines(link) for link in links if link.role == MessageEvidence.Role.IN_PROMPT
    }
    text = visible(message.text)
    if message.is_open:
        return compile_answer(without_unfinished(text), offered)
    cited = {
        (link.handle, _lines(link).place)
        for link in links
        if link.role == MessageEvidence.Role.CITED
    }
    return compile_answer(text, offered, lambda piece: (piece.handle, piece.place) in cited)


def _lines(link: MessageEvidence) -> EvidenceLines:
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
        text="\n".join(evidence.span.lines_of(evidence.blob.text)),
    )


def _view(link: MessageEvidence, role: str) -> CitationView:
    piece = _lines(link)
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
    )


def file_url(piece: EvidenceLines) -> str:
    """Return where the cited lines open, highlighted, at their commit."""
    page = reverse("file", args=[piece.source, piece.commit, piece.path])
    first, last = piece.span.start_line, piece.span.end_line
    return f"{page}?lines={first}-{last}#L{quote(str(first))}"


def _with_placeholders(segments: Iterable[str | EvidenceLines]) -> str:
    parts: list[str] = []
    number = 0
    for segment in segments:
        if isinstance(segment, str):
            parts.append(segment.replace(OPEN, "").replace(CLOSE, ""))
        else:
            parts.append(f"{OPEN}{number}{CLOSE}")
            number += 1
    return "".join(parts)


def _link(piece: EvidenceLines) -> str:
    return format_html(
        '<a class="citation" data-handle="{}" href="{}" title="{}, lines {} to {}">{}</a>',
        piece.handle,
        file_url(piece),
        f"{piece.source}: {piece.path}",
        piece.span.start_line,
        piece.span.end_line,
        piece.handle[1:],
    )
