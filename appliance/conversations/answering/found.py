"""Is there anything to answer from? The one place that decides between an answer and "not found".

Search always returns its best; the best may be nothing. Every mode asks here, with what it has found
so far, and gets the basis on which the question may be answered, or none. How the numbers were
chosen, and how often they are right: docs/experiments.md and `python -m appliance.local.bench_found`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from appliance.conversations.answering.events import Question
from appliance.conversations.curating.recall import has_curated
from appliance.conversations.telling import telling_words
from indexer.lexical.terms import terms
from indexer.retrieval.exact import pieces_in
from indexer.retrieval.hits import SearchResult

SHARE = 0.75  # of the telling words, in one hit
SHARE_BY_WORDS_ALONE = 0.5  # without vectors, a wrong refusal is worse than a weak answer
LOOKED_AT = 8  # hits
SHARE_PINNED = 0.5  # of the telling words, in one pinned message
NAMES_SHARE = 0.5  # of the names spelled in code, in all those hits


class Basis(StrEnum):
    """Why a question counts as answerable; of several the first."""

    PASTED = "pasted"  # what was pasted stands in the code
    CURATED = "curated"  # a curator attached lines to a question like this
    NEAR = "near"  # the nearest chunk is near in meaning; how near is the embedding model's own
    NAMES = "names"  # the names that it spells in code stand in the best hits
    WORDS = "words"  # most of its telling words stand in one hit: of these embeddings say little
    PINNED = "pinned"  # a pinned message speaks of it, and is in the prompt


def basis_of(
    question: Question, query: str, result: SearchResult, *, is_pasted: bool = False
) -> Basis | None:
    """Return why a question may be answered from what was found, or None: it was not found.

    `query` is the question as it was searched for: a follow-up's has two lines, its own words and
    a rewriting, and either may be the good one. `is_pasted` says that the code was found from
    which the question quotes.
    """
    if is_pasted:
        return Basis.PASTED
    if has_curated(result):
        return Basis.CURATED
    if basis := _basis_in_hits(query, result):
        return basis
    pinned = (one.text for one in question.pinned)
    return Basis.PINNED if _is_recalled(question.text, pinned) else None


def _basis_in_hits(query: str, result: SearchResult) -> Basis | None:
    if not result.hits:
        return None
    if result.best_similarity >= result.near:
        return Basis.NEAR
    if _holds_names(query, result):
        return Basis.NAMES
    asked = [telling for line in query.split("\n") if (telling := telling_words(line))]
    known = [
        set(terms(f"{hit.path}\n{hit.symbol}\n{hit.core_text}")) for hit in result.hits[:LOOKED_AT]
    ]
    needed = SHARE if "vector" in result.legs else SHARE_BY_WORDS_ALONE
    shares = [_share(telling, found) for telling in asked for found in known]
    return Basis.WORDS if not asked or max(shares) >= needed else None


def _holds_names(query: str, result: SearchResult) -> bool:
    """Return whether what the question names stands there, whatever else it asks in words."""
    names = pieces_in(query)
    texts = "\n".join(f"{hit.path}\n{hit.symbol}\n{hit.text}" for hit in result.hits[:LOOKED_AT])
    return bool(names) and sum(name in texts for name in names) >= NAMES_SHARE * len(names)


def _is_recalled(question: str, pinned: Iterable[str]) -> bool:
    telling = telling_words(question)
    known = [set(terms(text)) for text in pinned]
    return bool(telling) and any(_share(telling, words) >= SHARE_PINNED for words in known)


def _share(telling: list[str], found: set[str]) -> float:
    """Return which part of the words was found, compound words with all their parts."""
    return sum(found.issuperset(terms(word)) for word in telling) / len(telling)
