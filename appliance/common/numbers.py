"""Numbers as forms and addresses send them."""

from __future__ import annotations

MOST_DIGITS = 18  # of what PostgreSQL takes for the number of a row


def row_number(text: str) -> int:
    """Return the number of a row that somebody names; 0, which no row has, for anything else."""
    is_number = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return int(text) if is_number else 0
