"""Characters that a reader cannot see but a model or a compiler does.

Bidirectional controls make code look other than it is (Trojan Source, CVE-2021-42574), tag
characters and variation selectors carry hidden text. What reorders text is shown by its number;
what hides text becomes one visible mark; what is merely invisible goes.
"""

from __future__ import annotations

import re

BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
INVISIBLE = "\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff\ufff9-\ufffb"
HIDDEN = "\U000e0000-\U000e007f\U000e0100-\U000e01ef"
CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029"
SURROGATES = "\ud800-\udfff"
ODD = re.compile(
    f"(?P<bidirectional>[{BIDIRECTIONAL}])|(?P<invisible>[{INVISIBLE}]+)|(?P<hidden>[{HIDDEN}]+)"
    f"|(?P<control>[{CONTROLS}])|(?P<surrogate>[{SURROGATES}]+)"
)
# Joiners belong to the spelling of emoji, Persian and Indic words; as to searching, they do not.
REPORTED = {"bidirectional", "hidden", "invisible"}


def neutralise(text: str) -> tuple[str, list[tuple[str, int]]]:
    """Return the text without such characters, and what was found: rule and line.

    Controls (form feeds and the like) are replaced and not reported: they hide nothing.
    """
    if text.isascii() and text.isprintable():
        return text, []
    if ODD.search(text) is None:
        return text, []
    findings: dict[tuple[str, int], None] = {}
    line, counted = 1, 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal line, counted
        kind = found.lastgroup or ""
        line += text.count("\n", counted, found.start())
        counted = found.start()
        first = found[0][0]
        if kind in REPORTED:
            findings[f"{kind}-U+{ord(first):04X}" if kind == "bidirectional" else kind, line] = None
        return _visible(kind, first)

    return ODD.sub(replaced, text), list(findings)


def _visible(kind: str, first: str) -> str:
    if kind == "bidirectional":
        return f"[U+{ord(first):04X}]"
    if kind == "hidden":
        return "[hidden text]"
    if kind == "control":
        return chr(0x2400 + ord(first)) if ord(first) < 0x20 else " "  # form feed: ␌
    return "\ufffd" if kind == "surrogate" else ""
