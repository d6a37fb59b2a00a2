"""Tell text from everything else, as git does, and a little beyond."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE

SAMPLE_BYTES = 8000  # git looks at as many
MAX_CONTROL_SHARE = 0.1

# Formats whose beginning holds no NUL and can pass for text.
MAGIC = (
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh9",
    b"\xfd7zXZ",
    b"\xff\xd8\xff",
)
WIDE_MARKS = (BOM_UTF32_LE, BOM_UTF32_BE, BOM_UTF16_LE, BOM_UTF16_BE)
# Tab, line feed, form feed, carriage return, backspace and escape do occur in text files.
CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r\b\x1b") + b"\x7f"
MIN_WIDE_BYTES = 8
MIN_WIDE_SHARE = 0.7  # of the letters of a text that are ASCII


def wide_encoding(content: bytes) -> str:
    """Return the encoding of UTF-16 without its mark, as Windows tools write it; "" for others.

    Told by the NULs in every other byte. Half of a dash or a curly quote looks like a control; what
    holds many of them is no text after all.
    """
    sample = content[:SAMPLE_BYTES]
    if len(content) < MIN_WIDE_BYTES or len(content) % 2 or b"\0" not in sample:
        return ""
    halves = (sample[0::2], sample[1::2])
    for zeros, letters, encoding in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
        is_padded = halves[zeros].count(0) >= MIN_WIDE_SHARE * len(halves[zeros])
        controls = len(halves[letters]) - len(halves[letters].translate(None, CONTROLS))
        if is_padded and controls <= MAX_CONTROL_SHARE * len(halves[letters]):
            return encoding
    return ""


def is_binary(content: bytes) -> bool:
    """Say whether this is no text. A NUL anywhere decides: PostgreSQL could not store it."""
    if content.startswith(WIDE_MARKS) or wide_encoding(content):
        return False  # decoding will tell
    if content.startswith(MAGIC) or b"\0" in content:
        return True
    sample = content[:SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, CONTROLS))
    return controls > len(sample) * MAX_CONTROL_SHARE
