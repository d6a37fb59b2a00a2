"""Values for files that people open in a spreadsheet."""

from __future__ import annotations

# What spreadsheets take for a formula when it is opened: a quote in front makes it a text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: object) -> object:
    """Return a cell that is no formula, and holds nothing that no file of text may hold."""
    if isinstance(value, str):
        value = value.replace("\0", "\ufffd")
        return f"'{value}" if value.startswith(FORMULA) else value
    return value
