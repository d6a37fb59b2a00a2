"""Is there anything to answer from? Search always returns its best; the best may be nothing.

A question counts as answerable when a fair share of its telling words stands in the best hits,
or when the nearest chunk is near in meaning. Below both, "not found" is the honest answer.
"""

from __future__ import annotations

import re

from indexer.lexical.terms import terms
from indexer.retrieval.hits import SearchResult

NEAR = 0.42  # cosine of MiniLM: questions about other things stay below (docs/experiments.md)
SHARE = 0.5  # of the telling words
LOOKED_AT = 8  # hits

WORD = re.compile(r"[^\W_][\w-]+")
# Words that questions are made of, whatever they are about.
COMMON = frozenset(
    [
        "a",
        "about",
        "after",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "but",
        "by",
        "can",
        "code",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "done",
        "each",
        "else",
        "explain",
        "find",
        "for",
        "from",
        "get",
        "give",
        "go",
        "had",
        "happens",
        "has",
        "have",
        "help",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "know",
        "like",
        "look",
        "made",
        "make",
        "many",
        "may",
        "me",
        "might",
        "more",
        "most",
        "much",
        "my",
        "need",
        "no",
        "not",
        "of",
        "off",
        "on",
        "once",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "please",
        "repository",
        "same",
        "see",
        "set",
        "shall",
        "should",
        "show",
        "so",
        "some",
        "still",
        "such",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "this",
        "those",
        "to",
        "too",
        "under",
        "until",
        "up",
        "us",
        "use",
        "used",
        "uses",
        "using",
        "very",
        "want",
        "was",
        "way",
        "we",
        "were",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "within",
        "without",
        "work",
        "works",
        "would",
        "you",
        "your",
    ]
)


def is_answerable(query: str, result: SearchResult) -> bool:
    """Return whether the hits are worth showing to a model."""
    if not result.hits:
        return False
    if result.best_similarity >= NEAR:
        return True
    telling = telling_words(query)
    if not telling:
        return True
    found: set[str] = set()
    for hit in result.hits[:LOOKED_AT]:
        found.update(terms(f"{hit.path}\n{hit.symbol}\n{hit.text}"))
    known = sum(1 for word in telling if any(term in found for term in terms(word)))
    return known / len(telling) >= SHARE


def telling_words(query: str) -> list[str]:
    """Return the words of a question that say what it is about."""
    return [word for word in WORD.findall(query) if word.lower() not in COMMON]
