"""The ways in which a question can be answered."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    ANSWER = "answer"  # one search, then words: fast
    PAIR = "pair"  # several steps of searching and reading, then words
    FIX = "fix"  # what is broken is found in the code; a patch that is checked
