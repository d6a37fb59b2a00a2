"""From a text to the words that the static model knows: identifiers taken apart, lower case."""

from __future__ import annotations

import re
from functools import lru_cache

WORD = re.compile(r"\w+")
# In this order: plural acronyms (URLs), acronyms (HTTP in HTTPServer), words, digits.
ASCII_PARTS = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
OTHER_PARTS = re.compile(r"[^\W\d_]+|\d+")
MAX_WORD = 128  # longer ones are encoded bytes
MAX_DIGITS = 4


@lru_cache(maxsize=1 << 16)
def parts_of(word: str) -> tuple[str, ...]:
    """Return the parts of one word of code or prose, in order: parseHTTPUrl to parse, http, url."""
    if len(word) > MAX_WORD:
        return ()
    pattern = ASCII_PARTS if word.isascii() else OTHER_PARTS
    parts = (part.lower() for part in pattern.findall(word))
    return tuple(part for part in parts if not part.isdecimal() or len(part) <= MAX_DIGITS)
