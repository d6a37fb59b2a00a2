"""The words of a question that say what it is about."""

from __future__ import annotations

import re

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


def telling_words(text: str) -> list[str]:
    """Return the words of a text that say what it is about."""
    return [word for word in WORD.findall(text) if word.lower() not in COMMON]
