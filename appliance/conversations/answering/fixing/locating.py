"""Where what was pasted stands in the code that its reader may see, at the commit that is indexed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from appliance.conversations.answering.events import Question
from appliance.conversations.answering.fixing.snippets import Snippet, find_snippet
from appliance.conversations.answering.fixing.traces import Frame, Trace
from indexer.models import Blob, Definition
from indexer.retrieval.hits import Hit
from indexer.retrieval.named_files import NamedFile, NamedFiles, named_files, parts_of
from indexer.retrieval.search import search
from indexer.spans import Span

AROUND = 20  # lines before and after a place without a definition around it
NEXT_TO = 10  # lines before and after, where there is little room in the prompt
LARGEST_DEFINITION = 80  # lines that a place grows to
MOST_PLACES = 8
SNIPPET_HITS = 8  # documents that a snippet is compared with
SPACE = re.compile(r"\s+")


class How(StrEnum):
    """How sure it is that the place is the one that was meant."""

    EXACT = "exact"  # the line holds what was quoted, or the function that was named
    MOVED = "moved"  # another line does: what was pasted comes from another version
    UNPROVEN = "unproven"  # the line is there; nothing tells whether it is the same
    SNIPPET = "snippet"  # all of the pasted code stands there
    SIMILAR = "similar"  # most of it does


@dataclass(frozen=True, slots=True)
class Located:
    """A place in the code with the lines around it."""

    hit: Hit
    line: int  # the line itself; of a snippet its first
    how: How
    said: int = 0  # the line that the trace named
    function: str = ""
    places: int = 1  # at which pasted code stands as well as here

    @property
    def code(self) -> str:
        """Return the line itself."""
        return self.hit.text.split("\n")[self.line - self.hit.span.start_line]


@dataclass(frozen=True, slots=True)
class _Spot:
    line: int
    how: How


def locate_trace(trace: Trace, question: Question) -> list[Located]:
    """Return the places of a trace, where it failed first; frames in code that nobody here has are
    left out, and so are those that the reader may not see."""
    files = named_files(
        [frame.path for frame in trace.frames],
        scope=question.scope,
        source_names=question.source_names,
        refs=_refs(question),
    )
    chosen = [(frame, file) for frame in trace.frames if (file := _chosen(files, frame))]
    blobs = Blob.objects.in_bulk({file.blob_id for _, file in chosen})
    located: dict[tuple[int, int], Located] = {}
    for frame, file in chosen:
        blob = blobs.get(file.blob_id)
        if blob is None or len(located) == MOST_PLACES:
            continue
        lines = blob.text.split("\n")
        spot = _spot(frame, blob, lines)
        if spot and (spot.how is How.EXACT or _is_meant(frame, file)):
            hit = _hit(file, blob, spot.line)
            place = Located(hit, spot.line, spot.how, frame.line, frame.function)
            located.setdefault((blob.pk, spot.line), place)
    return list(located.values())


def locate_snippet(snippet: Snippet, question: Question) -> list[Located]:
    """Return where pasted code stands: the best place, or all that are as good."""
    telling = "\n".join(snippet.telling)
    if not telling:
        return []
    result = search(
        telling,
        scope=question.scope,
        source_names=question.source_names,
        refs=_refs(question),
        limit=SNIPPET_HITS,
        per_document=1,
    )
    blobs = Blob.objects.in_bulk({hit.blob_id for hit in result.hits})
    found = [
        (match, hit, blobs[hit.blob_id])
        for hit in result.hits
        if hit.blob_id in blobs
        for match in find_snippet(snippet, blobs[hit.blob_id].text.split("\n"))
    ]
    best = max((match.share for match, _, _ in found), default=0.0)
    how = How.SNIPPET if best == 1.0 else How.SIMILAR
    kept = [one for one in found if one[0].share == best][:MOST_PLACES]
    return [
        Located(
            _hit(_file_of(hit), blob, match.span.start_line, match.span),
            match.span.start_line,
            how,
            places=len(kept),
        )
        for match, hit, blob in kept
    ]


def _file_of(hit: Hit) -> NamedFile:
    return NamedFile(hit.source_id, hit.source, hit.path, hit.blob_id, hit.commit)


def _refs(question: Question) -> tuple[str, ...]:
    return (question.ref,) if question.ref else ()


def _chosen(files: NamedFiles, frame: Frame) -> NamedFile | None:
    """Return the document of a frame; of several that fit as well, none: it may be any."""
    found = files.ending_like(frame.path)
    return found[0] if len(found) == 1 else None


def _is_meant(frame: Frame, file: NamedFile) -> bool:
    """Return whether more than the file's name is the same: many an app.py is somebody else's."""
    named, having = parts_of(frame.path), [file.source, *file.path.split("/")]
    return len(named) == 1 or len(having) == 2 or named[-2:] == having[-2:]


def _spot(frame: Frame, blob: Blob, lines: Sequence[str]) -> _Spot | None:
    if frame.quoted:
        return _quoted_spot(frame, lines) or _function_spot(frame, blob, lines)
    return _function_spot(frame, blob, lines)


def _quoted_spot(frame: Frame, lines: Sequence[str]) -> _Spot | None:
    wanted = SPACE.sub("", frame.quoted)
    at = [n for n, line in enumerate(lines, start=1) if SPACE.sub("", line) == wanted]
    if not wanted or not at:
        return None
    nearest = min(at, key=lambda line: abs(line - frame.line))
    return _Spot(nearest, How.EXACT if nearest == frame.line else How.MOVED)


def _function_spot(frame: Frame, blob: Blob, lines: Sequence[str]) -> _Spot | None:
    is_inside = frame.line <= len(lines)
    spans = _spans_of(blob, frame.function) if frame.function else []
    if not spans:
        # A quoted line that is gone, in no function: it is not the same file any more.
        return _Spot(frame.line, How.UNPROVEN) if is_inside and not frame.quoted else None
    line = Span(frame.line, frame.line)
    if any(span.contains(line) for span in spans) and not frame.quoted:
        return _Spot(frame.line, How.EXACT)
    nearest = min(spans, key=lambda span: abs(span.start_line - frame.line))
    is_there = nearest.contains(line)
    return _Spot(frame.line if is_there else nearest.start_line, How.MOVED)


def _spans_of(blob: Blob, name: str) -> list[Span]:
    rows = Definition.objects.filter(blob=blob, name=name).values_list("start_line", "end_line")
    return [Span(start, end) for start, end in rows]


def _hit(file: NamedFile, blob: Blob, line: int, core: Span | None = None) -> Hit:
    """Return a place grown to the definition around it."""
    core = core or Span(line, line)
    symbol, span = _grown(blob, core)
    return Hit(
        source_id=file.source_id,
        source=file.source,
        path=file.path,
        commit=file.commit,
        blob_id=file.blob_id,
        span=span,
        symbol=symbol,
        kind="block",
        language=blob.language,
        score=1.0,
        legs=("pasted",),
        text="\n".join(span.lines_of(blob.text)),
        core=_core(core, span),
    )


def _core(core: Span, span: Span) -> Span:
    """Return what is kept of a place where there is little room: the lines next to it."""
    first = max(span.start_line, core.start_line - NEXT_TO)
    return Span(first, max(first, min(span.end_line, core.end_line + NEXT_TO)))


def _grown(blob: Blob, core: Span) -> tuple[str, Span]:
    around = [
        (name, Span(start, end))
        for name, start, end in Definition.objects.filter(
            blob=blob, start_line__lte=core.start_line, end_line__gte=core.end_line
        ).values_list("qualified", "start_line", "end_line")
    ]
    fitting = [one for one in around if one[1].line_count <= LARGEST_DEFINITION]
    last = blob.text.count("\n") + 1
    window = Span(max(1, core.start_line - AROUND), min(last, core.end_line + AROUND))
    if not fitting:
        return min(around, key=lambda one: one[1].line_count)[0] if around else "", window
    name, span = max(fitting, key=lambda one: one[1].line_count)
    return name, span if span.line_count >= 2 else window


def merged_hits(located: Sequence[Located], found: Sequence[Hit]) -> list[Hit]:
    """Return the located places, then what was searched for, without what is shown already."""
    hits: list[Hit] = []
    for hit in _candidates(located, found):
        if not any(_is_shown(hit, shown) for shown in hits):
            hits.append(hit)
    return hits


def _candidates(located: Sequence[Located], found: Sequence[Hit]) -> Iterator[Hit]:
    yield from (one.hit for one in located)
    yield from found


def _is_shown(hit: Hit, shown: Hit) -> bool:
    return hit.blob_id == shown.blob_id and hit.path == shown.path and shown.span.overlaps(hit.span)
