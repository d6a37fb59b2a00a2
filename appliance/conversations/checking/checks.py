"""What the checks of an answer found, as it is stored with the message and counted for the reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from appliance.conversations.checking.judging import Citation, Judgement
from appliance.conversations.checking.sentences import Sentence
from appliance.conversations.checking.support import Verdict
from appliance.conversations.evidence import EvidenceLines
from indexer.spans import Span

LinesAt = Callable[[str, Span, Span | None], EvidenceLines | None]


@dataclass(frozen=True, slots=True)
class Counts:
    """Sentences by verdict, and citations by what became of them."""

    supported: int = 0  # of them `moved` by lines elsewhere than cited
    doubtful: int = 0
    unsupported: int = 0
    uncited: int = 0
    made: int = 0
    moved: int = 0
    struck: int = 0

    @property
    def checked(self) -> int:
        """Return how many sentences cite something."""
        return self.supported + self.doubtful + self.unsupported


def counted(judgements: Sequence[Judgement]) -> Counts:
    verdicts = Counter(one.verdict for one in judgements)
    return Counts(
        supported=verdicts[Verdict.SUPPORTED] + verdicts[Verdict.MOVED],
        doubtful=verdicts[Verdict.DOUBTFUL],
        unsupported=verdicts[Verdict.UNSUPPORTED],
        uncited=verdicts[Verdict.UNCITED],
        made=sum(one.made for one in judgements),
        moved=sum(one.moved for one in judgements),
        struck=sum(one.struck for one in judgements),
    )


def to_json(judgements: Sequence[Judgement], unknown: Sequence[str] = ()) -> dict[str, Any]:
    """Return what is stored: places in the answer's text, never the text or the lines again."""
    return {
        "sentences": [_sentence(one) for one in judgements],
        "unknown": list(unknown),
        "counts": asdict(counted(judgements)),
    }


def extend(stored: dict[str, Any], judgements: Sequence[Judgement]) -> None:
    """Add sentences to what is stored of a growing answer."""
    stored.setdefault("sentences", []).extend(map(_sentence, judgements))


def from_json(stored: dict[str, Any], text: str, lines_at: LinesAt) -> list[Judgement]:
    """Return the judgements of an answer's text; `lines_at` gives the lines of a handle.

    Lines that are not there any more are left out, as if they had been struck.
    """
    return [_judgement(one, text, lines_at) for one in stored.get("sentences", [])]


def _sentence(judgement: Judgement) -> dict[str, Any]:
    sentence = judgement.sentence
    return {
        "at": [sentence.start, sentence.end, int(sentence.is_code)],
        "verdict": judgement.verdict.value,
        "made": judgement.made,
        "struck": judgement.struck,
        "missing": list(judgement.missing),
        "cites": [
            [one.start, one.end, [_lines(p) for p in one.pieces]] for one in judgement.citations
        ],
    }


def _lines(piece: EvidenceLines) -> list[Any]:
    moved = piece.moved_from
    from_lines = [moved.start_line, moved.end_line] if moved else []
    return [piece.handle, piece.span.start_line, piece.span.end_line, *from_lines]


def _judgement(stored: dict[str, Any], text: str, lines_at: LinesAt) -> Judgement:
    start, end, is_code = stored["at"]
    return Judgement(
        sentence=Sentence(start, text[start:end], bool(is_code)),
        verdict=Verdict(stored["verdict"]),
        citations=tuple(
            Citation(first, last, tuple(filter(None, (_piece(p, lines_at) for p in pieces))))
            for first, last, pieces in stored["cites"]
        ),
        made=stored["made"],
        struck=stored["struck"],
        missing=tuple(stored["missing"]),
    )


def _piece(stored: list[Any], lines_at: LinesAt) -> EvidenceLines | None:
    handle, first, last, *moved = stored
    return lines_at(handle, Span(first, last), Span(*moved) if moved else None)
