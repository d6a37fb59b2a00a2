"""From bytes to characters: what the file declares first, a guess last."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE

from charset_normalizer import from_bytes

from indexer.reading import western
from indexer.reading.binary import wide_encoding
from indexer.reading.western import is_western
from indexer.skips import Skip, SkipReason

GUESS_BYTES = 32 * 1024  # guessing costs about a second per megabyte
HEAD_BYTES = 400

# UTF-32 first: its little-endian mark begins with the one of UTF-16.
MARKS = (
    (BOM_UTF8, "utf-8"),
    (BOM_UTF32_LE, "utf-32-le"),
    (BOM_UTF32_BE, "utf-32-be"),
    (BOM_UTF16_LE, "utf-16-le"),
    (BOM_UTF16_BE, "utf-16-be"),
)
# The line that Python, Ruby, Emacs and Vim understand: "-*- coding: latin-1 -*-".
DECLARED = re.compile(rb"coding[:=][ \t]*([-\w.]{1,40})")
MARKUP_HEAD_BYTES = 4096
MARKUP = re.compile(
    rb"<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([-\w.]{1,40})"
    rb"|<meta\b[^>]{0,300}?\bcharset\s*=\s*[\"']?([-\w.]{1,40})",
    re.IGNORECASE,
)
WIDE_NAMES = ("utf-16", "utf-32", "utf16", "utf32", "ucs")
# What browsers read these names as: of their own they have only controls where Windows has quotes.
AS_BROWSERS_DO = {
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
}


def decode(content: bytes) -> str | Skip:
    """Return the characters, without byte order mark and never with a NUL."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return _checked(_decoded(content[len(mark) :], encoding), encoding)
    if wide := wide_encoding(content):
        return _checked(_decoded(content, wide), wide)
    if (text := _decoded(content, "utf-8")) is not None:
        return text
    declared = _declared(content)
    if declared and (text := _decoded(content, declared)):
        return _checked(text, "declared")
    return _guessed(content)


def _declared(content: bytes) -> str:
    """Return the encoding that the file itself names, "" for none."""
    if content[:HEAD_BYTES].lstrip().startswith(b"<"):
        if found := MARKUP.search(content[:MARKUP_HEAD_BYTES]):
            name = (found[1] or found[2]).decode("ascii", "replace").lower()
            # Of UTF-16 and its kin one could not have read the name.
            return "" if name.startswith(WIDE_NAMES) else AS_BROWSERS_DO.get(name, name)
        return ""
    found = DECLARED.search(b"\n".join(content[:HEAD_BYTES].split(b"\n")[:2]))
    return found[1].decode("ascii", "replace") if found else ""


def _guessed(content: bytes) -> str | Skip:
    # Where the rare letters are, not the plain ASCII around them, decides the guess.
    first_odd = next(at for at, byte in enumerate(content) if byte > 127)
    start = content.rfind(b"\n", 0, max(0, first_odd - GUESS_BYTES // 2)) + 1
    sample = content[start : start + GUESS_BYTES]
    if is_western(sample) and (text := _decoded(content, western.ENCODING)):
        return _checked(text, western.ENCODING)
    best = from_bytes(sample).best()
    if best is None:
        return Skip(SkipReason.ENCODING)
    return _checked(_decoded(content, best.encoding), best.encoding)


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (LookupError, ValueError):  # ValueError: undecodable, or not an encoding of text
        return None


def _checked(text: str | None, encoding: str) -> str | Skip:
    if text is None:
        return Skip(SkipReason.ENCODING, f"not {encoding}")
    if "\0" in text:
        return Skip(SkipReason.BINARY)
    return text
