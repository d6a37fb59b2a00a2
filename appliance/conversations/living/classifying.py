"""Says of cited lines whether they are fresh, moved, changed or gone at a ref."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from appliance.conversations.living.models import CitationState
from appliance.conversations.living.places import is_telling, place_of
from appliance.conversations.models import Evidence
from indexer.models import Blob, Document, Ref
from indexer.spans import Span

State = CitationState.State
MOST_CANDIDATES = 20  # files that are looked into for lines whose file has gone


@dataclass(frozen=True, slots=True)
class Found:
    """Where the lines of a piece of evidence stand at a ref; of lines that do not, where they stood."""

    evidence: Evidence
    state: CitationState.State
    blob_id: int | None  # what stands at the evidence's path; None: nothing does
    path: str
    span: Span


class Looker:
    """Looks at evidence of one ref; what several pieces need is read once."""

    def __init__(
        self, ref: Ref, evidence: Sequence[Evidence], before: Mapping[int, CitationState]
    ) -> None:
        self._documents = Document.objects.filter(source_id=ref.source_id, refs__contains=[ref.pk])
        self._evidence = evidence
        self._before = before
        paths = {one.path for one in evidence}
        at_paths = self._documents.filter(path__in=paths).values_list("path", "blob_id")
        self._live: dict[str, int] = dict(at_paths)
        self._texts: dict[int, str] = dict(
            Blob.objects.filter(pk__in=set(self._live.values())).values_list("pk", "text")
        )

    def look(self) -> list[Found]:
        return [self._look_at(one) for one in self._evidence]

    def _look_at(self, evidence: Evidence) -> Found:
        blob_id = self._live.get(evidence.path)
        if blob_id is None:
            return self._elsewhere(evidence)
        span = place_of(lines_of(evidence), evidence.span, self._texts[blob_id])
        if span is None:
            state, span = State.CHANGED, evidence.span
        else:
            state = State.FRESH if span == evidence.span else State.MOVED
        return Found(evidence, state, blob_id, evidence.path, span)

    def _elsewhere(self, evidence: Evidence) -> Found:
        """Look for the lines of a file that has gone: it may have been renamed."""
        lines = lines_of(evidence)
        for path, blob_id in self._candidates(evidence) if is_telling(lines) else ():
            if span := place_of(lines, evidence.span, self._text(blob_id)):
                return Found(evidence, State.MOVED, None, path, span)
        return Found(evidence, State.GONE, None, evidence.path, evidence.span)

    def _candidates(self, evidence: Evidence) -> Iterator[tuple[str, int]]:
        """Yield files that the evidence's may have become, the likeliest first.

        The very same content; the file that it was found in before; a file of the same name; files
        of the same folder and kind.
        """
        folder, _, name = evidence.path.rpartition("/")
        kind = name.rpartition(".")[2]
        before = self._before.get(evidence.pk)
        beside = f"{folder}/" if folder else ""
        for documents in (
            self._documents.filter(blob_id=evidence.blob_id),
            self._documents.filter(path=before.path if before else ""),
            self._documents.filter(path__endswith=f"/{name}") | self._documents.filter(path=name),
            self._documents.filter(path__startswith=beside, path__endswith=f".{kind}"),
        ):
            rows = documents.order_by("path").values_list("path", "blob_id")
            yield from rows[:MOST_CANDIDATES]

    def _text(self, blob_id: int) -> str:
        if blob_id not in self._texts:
            self._texts[blob_id] = Blob.objects.get(pk=blob_id).text
        return self._texts[blob_id]


def lines_of(evidence: Evidence) -> list[str]:
    """Return the lines as they were cited."""
    return evidence.span.lines_of(evidence.blob.text)
