"""Which files of `docs/` are pages of the help, for whom, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

PICTURE = re.compile(r"[a-z0-9-]+\.png", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Pages for one kind of reader, as paths below `docs/` without their ending."""

    title: str
    about: str
    names: tuple[str, ...]


PARTS = (
    Part(
        "Using Plumbline",
        "Asking, checking what is answered, searching, working with others.",
        (
            "guide/asking",
            "guide/answers",
            "guide/modes",
            "guide/conversations",
            "guide/searching",
            "guide/code",
        ),
    ),
    Part(
        "Programs and editors",
        "Asking from the command line, an editor, an agent or a script of your own.",
        ("vscode", "cli", "mcp", "api"),
    ),
    Part(
        "Looking after it",
        "For admins, source admins, curators and auditors.",
        (
            "guide/sources",
            "webhooks",
            "guide/people",
            "directories",
            "code-hosts",
            "access",
            "guide/quality",
            "audit",
            "deletion",
        ),
    ),
    Part(
        "Running it",
        "For IT: installing, settings, models, and what to do when something is wrong.",
        (
            "install",
            "sizing",
            "air-gap",
            "day-two",
            "upkeep",
            "backup",
            "guide/trouble",
            "settings",
            "commands",
            "models",
            "monitoring",
            "hardening",
        ),
    ),
    Part(
        "How it works",
        "For reviewers and the curious.",
        (
            "architecture",
            "design",
            "security",
            "security-review",
            "security-asvs",
            "security-llm",
            "glossary",
            "vendored",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Page:
    """One file of the documentation."""

    name: str  # its path below `docs/` without the ending
    title: str  # its first heading
    text: str  # Markdown


def folder() -> Path:
    return Path(settings.BASE_DIR / "docs")


def names() -> Iterator[str]:
    for part in PARTS:
        yield from part.names


@cache  # the files of a release do not change while it runs
def page(name: str) -> Page | None:
    """Return a page by its name; None for every name that is not in the contents."""
    if name not in names():
        return None
    text = (folder() / f"{name}.md").read_text(encoding="utf-8")
    title, _, body = text.partition("\n")
    return Page(name, title.lstrip("# ").replace("`", "").strip(), body.strip() + "\n")


def picture(name: str) -> Path | None:
    """Return the file of a picture; None when there is none of this name."""
    path = folder() / "images" / name
    return path if PICTURE.fullmatch(name) and path.is_file() else None


def pages() -> list[Page]:
    """Return all pages in order."""
    return [found for name in names() if (found := page(name))]


def neighbours(name: str) -> tuple[Page | None, Page | None]:
    """Return the pages before and after this one."""
    order = list(names())
    at = order.index(name)
    before = page(order[at - 1]) if at else None
    after = page(order[at + 1]) if at + 1 < len(order) else None
    return before, after
