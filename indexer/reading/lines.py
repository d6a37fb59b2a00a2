"""One notion of a line for the index, the editors and git: it ends at a line feed.

str.splitlines also splits at form feeds and at Unicode separators, which would shift every later
number against `git show`; so nothing here uses it.
"""

from __future__ import annotations


def normalise_lines(text: str) -> str:
    """Return the text with \\n as its only line end, and as many lines as git counts.

    A carriage return inside a line stays, unless the file has no line feed at all (classic Mac).
    """
    if "\r" not in text:
        return text
    if "\n" not in text:
        return text.replace("\r", "\n")
    return "\n".join(line.rstrip("\r") for line in text.split("\n"))


def count_lines(text: str) -> int:
    """Return the number of lines; a line feed at the very end does not begin another."""
    return text.count("\n") + (not text.endswith("\n")) if text else 0
