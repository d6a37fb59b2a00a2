"""Recognise text in the encoding of Western Windows, of which Latin-1 is a part.

It is what most old sources are written in, and often a few letters are all there is to judge by: a
name in a licence. Guessing by frequencies needs more, and takes French for Polish.
"""

from __future__ import annotations

import re

ENCODING = "cp1252"
LETTERS = "áàâäãåæçéèêëíîïñóôöõøœúûüÿßÁÀÂÄÃÅÆÇÉÈÊËÍÎÏÑÓÔÖÕØŒÚÛÜ"
AT_THE_END = "ìòùÌÒÙ"  # così, però, où: inside a word these bytes are letters of Czech
SIGNS = (
    "\u2018\u2019\u201c\u201d\u201e\u2013\u2014\u2026\u2022\u20ac\u2122\u00a0\u00b4\u00d7"
    "¡£¥§©ª«¬®°±²³µ¶·º»¼½¾¿÷"
)
WORD = re.compile(r"[^\W\d_]+")
ODD = re.compile(r"[^\x00-\x7f]")
KNOWN = re.compile(f"[{LETTERS}{AT_THE_END}{re.escape(SIGNS)}]")
# An apostrophe and a dot do stand between two letters; another sign is a letter there.
SIGNS_INSIDE = re.escape("".join(sign for sign in SIGNS if sign not in "\u2019·"))
IMPLAUSIBLE = re.compile(
    rf"[{AT_THE_END}](?=[^\W\d_])"
    r"|õ(?!e)"  # Portuguese writes it before an e; elsewhere it is Hungarian's ő
    rf"|(?<=[^\W\d_])[{SIGNS_INSIDE}](?=[^\W\d_])"
)


def is_western(content: bytes) -> bool:
    """Return whether these bytes read as words of a Western language."""
    try:
        text = content.decode(ENCODING)
    except UnicodeDecodeError:
        return False
    odd = set(ODD.findall(text))
    if not all(KNOWN.fullmatch(letter) for letter in odd):
        return False
    if IMPLAUSIBLE.search(text):
        return False
    words = [word for word in WORD.findall(text) if not word.isascii()]
    letters = sum(map(len, words))
    return 2 * sum(len(ODD.findall(word)) for word in words) <= letters
