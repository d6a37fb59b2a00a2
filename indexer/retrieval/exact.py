"""Code that a question holds, found letter by letter: names, calls, options, quoted messages."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from indexer.lexical.trigrams import fold, trigrams_of
from indexer.models import Blob, Chunk
from indexer.retrieval.bm25 import idf
from indexer.retrieval.catalog import numbers_of, packed
from indexer.retrieval.queries import Candidate, Visibility
from indexer.retrieval.view import View, view_of

EXACT = (Path(__file__).parent / "exact.sql").read_text(encoding="utf-8")

MOST_PIECES = 12
MOST_READ = 300  # texts that are looked into for one piece
MOST_BLOBS = 60  # that hold a piece
LENGTHS = range(4, 81)
PIECES = tuple(
    map(
        re.compile,
        (
            r"`+([^`\n]+)`+",
            r'"([^"\n]+)"',
            r"(?<![\w'])'([^'\n]+)'(?!\w)",
            r"(?<![\w-])(--?[a-zA-Z][\w-]+)",  # an option
            r"\b([A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+)",  # a name inside another, or a file
            r"\b([A-Za-z_]\w*)\(",
            r"\b([a-z]+_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[A-Z]+_[A-Z_]+)\b",
        ),
    )
)


def pieces_in(query: str) -> list[str]:
    """Return what a question says in code, most clearly marked first."""
    found = (piece.strip().removesuffix("()") for form in PIECES for piece in form.findall(query))
    return list(dict.fromkeys(piece for piece in found if len(piece) in LENGTHS))[:MOST_PIECES]


def exact_candidates(
    visibility: Visibility, pieces: Sequence[str], *, pool: int
) -> list[Candidate]:
    """Return the chunks that hold pieces of code, best first.

    The score is the sum of the pieces' rarity (as BM25 has it) among the blobs that may be seen. A
    piece that may stand in very many of them says little and is left out.
    """
    if not pieces:
        return []
    view = view_of(visibility)
    possible = _possible(view, pieces)
    texts = _texts({blob_id for blob_ids in possible.values() for blob_id in blob_ids})
    holding: dict[int, list[str]] = defaultdict(list)
    weights: dict[str, float] = {}
    for piece, blob_ids in possible.items():
        held = [blob_id for blob_id in blob_ids if piece in texts.get(blob_id, "")]
        if 0 < len(held) <= MOST_BLOBS:
            weights[piece] = idf(len(view.blobs), len(held))
            for blob_id in held:
                holding[blob_id].append(piece)
    scores: dict[tuple[int, int], float] = defaultdict(float)
    for blob_id, piece, chunk_id in _places(holding, texts):
        scores[chunk_id, blob_id] += weights[piece]
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:pool]
    return [Candidate(chunk_id, blob_id, score) for (chunk_id, blob_id), score in best]


def _possible(view: View, pieces: Sequence[str]) -> dict[str, list[int]]:
    """Return the visible blobs in which a piece may stand, unless they are too many."""
    trigrams = [_array(trigrams_of(fold(piece)).tolist()) for piece in pieces]
    possible: dict[str, list[int]] = {}
    for place, content in packed(EXACT, {"trigrams": trigrams}):
        places = view.places_of_blobs(np.unique(numbers_of(content)))
        if len(places) <= MOST_READ:
            possible[pieces[place - 1]] = view.blobs[places].tolist()
    return possible


def _texts(blob_ids: Collection[int]) -> dict[int, str]:
    return dict(Blob.objects.filter(pk__in=blob_ids).values_list("pk", "text"))


def _places(
    holding: Mapping[int, Sequence[str]], texts: Mapping[int, str]
) -> Iterator[tuple[int, str, int]]:
    """Yield blob, piece and chunk, each once, wherever a piece stands."""
    chunks: dict[int, list[tuple[int, int]]] = defaultdict(list)  # first line and id, in order
    rows = Chunk.objects.filter(blob_id__in=holding).order_by("blob_id", "ordinal")
    for blob_id, start, chunk_id in rows.values_list("blob_id", "start_line", "pk"):
        chunks[blob_id].append((start, chunk_id))
    for blob_id, pieces in holding.items():
        starts = [start for start, _ in chunks[blob_id]]
        for piece in pieces:
            ordinals = {
                bisect_right(starts, line) - 1 for line in _lines_with(texts[blob_id], piece)
            }
            yield from ((blob_id, piece, chunks[blob_id][at][1]) for at in ordinals if at >= 0)


def _lines_with(text: str, piece: str) -> Iterator[int]:
    return (line for line, content in enumerate(text.split("\n"), start=1) if piece in content)


def _array(numbers: Sequence[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"
