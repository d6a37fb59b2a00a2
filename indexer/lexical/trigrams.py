"""From a text to its trigrams: three bytes that stand together in a line, folded to one case.

After Russ Cox, "Regular Expression Matching with a Trigram Index" (2012). One index serves exact
search and search in any case: what is found by the folded trigrams is matched again exactly.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

NEWLINE = 10

# Letters that RE2 takes for the same in any case and whose casefold() is longer than a letter.
TWINS = {"\u1fd3": "\u0390", "\u1fe3": "\u03b0", "\ufb05": "\ufb06"}


def _folded_letter(letter: str) -> str:
    """Return what stands for all spellings of a letter: one letter for one letter."""
    if letter in TWINS:
        return TWINS[letter]
    folded = letter.casefold()
    if len(folded) != 1:
        folded = letter.lower()
    return folded if len(folded) == 1 else letter


# ASCII is folded as bytes; of the rest only letters that change are looked up. Above the second
# plane no script has case, and each reader pays for the look at its start.
LAST = 0x1FFFF
FOLDED = {
    letter: folded
    for letter in map(chr, range(128, LAST + 1))
    if not 0xD800 <= ord(letter) <= 0xDFFF and (folded := _folded_letter(letter)) != letter
}
_CHANGING = re.compile("[" + "".join(map(re.escape, FOLDED)) + "]")


def fold(text: str) -> bytes:
    """Return the text as UTF-8 in one case: letters that differ only in case become the same."""
    if not text.isascii():
        text = _CHANGING.sub(lambda found: FOLDED[found[0]], text)
    return text.encode("utf-8", "replace").lower()


def trigrams_of(folded: bytes) -> NDArray[np.int32]:
    """Return the trigrams of a folded text as numbers, sorted, each once; none spans two lines."""
    if len(folded) < 3:
        return np.empty(0, np.int32)
    letters = np.frombuffer(folded, np.uint8)
    numbers = letters[:-2].astype(np.int32)
    numbers <<= 8
    numbers |= letters[1:-1]
    numbers <<= 8
    numbers |= letters[2:]
    ends = letters == NEWLINE
    return np.unique(numbers[~(ends[:-2] | ends[1:-1] | ends[2:])])
