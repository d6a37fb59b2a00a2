"""Text to search terms; queries and documents go through the same functions."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

from indexer.lexical.words import SEPARATORS, word_terms

WORD = re.compile(r"\w+(?:-\w+)*")
MAX_WORD = 128  # longer ones are taken apart at their separators, then dropped


def terms(text: str) -> list[str]:
    """Return the terms of a text in reading order, with repetitions."""
    found: list[str] = []
    for word in WORD.findall(text):
        if len(word) <= MAX_WORD:
            found.extend(word_terms(word))
        else:
            found.extend(_long_word_terms(word))
    return found


def term_counts(text: str) -> Counter[str]:
    """Return how often each term occurs; the same terms as `terms`, but faster."""
    counts: Counter[str] = Counter()
    for word, times in Counter(WORD.findall(text)).items():
        for term in word_terms(word) if len(word) <= MAX_WORD else _long_word_terms(word):
            counts[term] += times
    return counts


def path_terms(path: str) -> list[str]:
    """Return the terms of a document's path: folders, name and extension."""
    return terms(path)


@lru_cache(maxsize=1 << 17)
def term_id(term: str) -> int:
    """Return the number under which a term is stored: 64 bits, signed, the same everywhere."""
    digest = blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _long_word_terms(word: str) -> list[str]:
    pieces = (piece for piece in SEPARATORS.split(word) if len(piece) <= MAX_WORD)
    return [term for piece in pieces for term in word_terms(piece)]
