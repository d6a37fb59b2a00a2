"""What a commit message says, without what hosts and tools add to it."""

from __future__ import annotations

import re

TRAILER = re.compile(
    r"^(?:signed-off-by|co-authored-by|reviewed-by|acked-by|tested-by|reported-by|cc|change-id"
    r"|reviewed-on|git-svn-id|pull-request-url|pr-url|fixes|closes|refs|see also)\s*:.*$",
    re.IGNORECASE | re.MULTILINE,
)
ADDRESS = re.compile(r"\b(?:https?|git|ssh)://\S+")
NUMBER = re.compile(r"\(?#\d+\)?|\b[0-9a-f]{12,40}\b")
PREFIX = re.compile(r"^(?:fix|feat|perf|refactor|chore|style|build)(?:\([^)]*\))?!?:\s*", re.I)
TRIVIAL = re.compile(
    r"^(?:bump|release|merge|revert|version|v?\d+\.\d+|update (?:changelog|readme|depend|version"
    r"|copyright|authors|submodule)|prepare|changelog|typo|fix(?:ed|es)? (?:a )?typo|fmt\b|format"
    r"|rustfmt|gofmt|lint|whitespace|wip\b|cleanup$|clean up$|chore\(deps|build\(deps|\[pre-commit)",
    re.IGNORECASE,
)
BOT = re.compile(r"\[bot\]|\bbot\b|dependabot|renovate|pre-commit-ci|github-actions", re.IGNORECASE)


def said(message: str) -> str:
    """Return the message without trailers, addresses, issue numbers and object ids."""
    text = TRAILER.sub("", message)
    text = NUMBER.sub("", ADDRESS.sub("", text))
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def subject(message: str) -> str:
    return PREFIX.sub("", said(message).split("\n", 1)[0])


def is_trivial(message: str) -> bool:
    """Return whether a message tells nothing that a person would ask."""
    first = said(message).split("\n", 1)[0].strip()
    return len(subject(first).split()) < 3 or TRIVIAL.match(first) is not None


def is_by_a_bot(author: str) -> bool:
    return BOT.search(author) is not None
