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


def is_binary(content: bytes) -> bool:
    """Say whether this is no text. A NUL anywhere decides: PostgreSQL could not store it."""
    if content.startswith(WIDE_MARKS):
        return False  # decoding will tell
    if content.startswith(MAGIC) or b"\0" in content:
        return True
    sample = content[:SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, CONTROLS))
    return controls > len(sample) * MAX_CONTROL_SHARE
