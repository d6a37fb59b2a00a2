"""Keeps what nobody sees out of an answer: characters that hide, reorder or command a terminal."""

from __future__ import annotations

import re

# Zero-width, directional and other format characters, tags, variation selectors (text can be
# hidden in them), and control characters except line feed and tab.
_HIDDEN = (
    "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f"
    "\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0e\\ufeff\\uffa0"
    "\\ufff9-\\ufffb\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff"
)
# Joiners shape Persian words and compound emoji; beside ASCII they only hide.
HIDDEN = re.compile(rf"[{_HIDDEN}]|(?<![^\x00-\x7f])[\u200c\u200d\ufe0f]+")


def visible(text: str, *, after: str = "") -> str:
    """Return the text without them; `after` is what stands before it, when it comes in pieces."""
    return HIDDEN.sub("", after[-1:] + text)[len(HIDDEN.sub("", after[-1:])) :]
