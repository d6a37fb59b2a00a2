"""Is there anything to answer from? Search always returns its best; the best may be nothing.

A question counts as answerable when the nearest chunk is near in meaning, when the best hits hold
the names that it spells in code, or when one of them holds most of its telling words: an identifier
says little to an embedding model. Below all, "not found" is the honest answer. What is near belongs to the embedding model. How the numbers
were chosen: docs/experiments.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from indexer.lexical.terms import terms
from indexer.retrieval.exact import pieces_in
from indexer.retrieval.hits import SearchResult

SHARE = 0.75  # of the telling words, in one hit
SHARE_BY_WORDS_ALONE = 0.5  # without vectors, a wrong refusal is worse than a weak answer
LOOKED_AT = 8  # hits
SHARE_PINNED = 0.5  # of the telling words, in one pinned message
NAMES_SHARE = 0.5  # of the names spelled in code, in all those hits

WORD = re.compile(r"[^\W_][\w-]+")
# Words that questions are made of, whatever they are about.
COMMON = frozenset({
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "being", "but", "by", "can", "code", "could", "did", "do",
    "does", "doing", "done", "each", "else", "explain", "find", "for", "from", "get", "give",
    "go", "had", "happens", "has", "have", "help", "how", "i", "if", "in", "into", "is", "it",
    "its", "just", "know", "like", "look", "made", "make", "many", "may", "me", "might", "more",
    "most", "much", "my", "need", "no", "not", "of", "off", "on", "once", "one", "only", "or",
    "other", "our", "out", "over", "please", "repository", "same", "see", "set", "shall",
    "should", "show", "so", "some", "still", "such", "tell", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "thing", "things", "this", "those", "to", "too",
    "under", "until", "up", "us", "use", "used", "uses", "using", "very", "want", "was", "way",
    "we", "were", "what", "when", "where", "whether", "which", "while", "who", "whom", "why",
    "will", "with", "within", "without", "work", "works", "would", "you", "your",
})  # fmt: skip


def is_answerable(query: str, result: SearchResult) -> bool:
    """Return whether the hits are worth showing to a model."""
    if not result.hits:
        return False
    if result.best_similarity >= result.near:
        return True
    if _holds_names(query, result):
        return True
    # A follow-up's query has two lines, its own words and a rewriting: either may be the good one.
    asked = [telling for line in query.split("\n") if (telling := telling_words(line))]
    known = [
        set(terms(f"{hit.path}\n{hit.symbol}\n{hit.core_text}")) for hit in result.hits[:LOOKED_AT]
    ]
    needed = SHARE if "vector" in result.legs else SHARE_BY_WORDS_ALONE
    shares = [_share(telling, found) for telling in asked for found in known]
    return not asked or max(shares) >= needed


def _holds_names(query: str, result: SearchResult) -> bool:
    """Return whether what the question names stands there, whatever else it asks in words."""
    names = pieces_in(query)
    texts = "\n".join(f"{hit.path}\n{hit.symbol}\n{hit.text}" for hit in result.hits[:LOOKED_AT])
    return bool(names) and sum(name in texts for name in names) >= NAMES_SHARE * len(names)


def is_recalled(question: str, pinned: Iterable[str]) -> bool:
    """Return whether a pinned message speaks of most of what is asked: it is in the prompt."""
    telling = telling_words(question)
    known = [set(terms(text)) for text in pinned]
    return bool(telling) and any(_share(telling, words) >= SHARE_PINNED for words in known)


def _share(telling: list[str], found: set[str]) -> float:
    """Return which part of the words was found, compound words with all their parts."""
    return sum(found.issuperset(terms(word)) for word in telling) / len(telling)


def telling_words(query: str) -> list[str]:
    """Return the words of a question that say what it is about."""
    return [word for word in WORD.findall(query) if word.lower() not in COMMON]
