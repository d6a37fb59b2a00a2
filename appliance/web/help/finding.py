"""Finds words in the documentation, heading by heading."""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.web.help.contents import Page, pages
from appliance.web.help.rendering import Heading, render

MOST_HITS = 30
AROUND = 90  # letters shown on each side of the first word that is found
IN_A_TITLE = 5  # times as much as in the text


@dataclass(frozen=True, slots=True)
class Hit:
    """A heading whose title or text has every word that is looked for."""

    page: Page
    heading: Heading | None  # None: what stands before the first
    excerpt: str
    score: int

    @property
    def title(self) -> str:
        return f"{self.page.title}: {self.heading.title}" if self.heading else self.page.title

    @property
    def anchor(self) -> str:
        return self.heading.anchor if self.heading else ""


def find(query: str) -> list[Hit]:
    """Return the headings that have all words of the query, best first, then as in the contents."""
    words = [word for word in re.split(r"\s+", query.lower()) if word][:10]
    if not words:
        return []
    hits = [hit for page in pages() for hit in _hits(page, words)]
    return sorted(hits, key=lambda hit: -hit.score)[:MOST_HITS]


def _hits(page: Page, words: list[str]) -> list[Hit]:
    rendered = render(page)
    places: list[tuple[Heading | None, str, str]] = [(None, "", rendered.intro)]
    places += [(one, one.title, one.text) for one in rendered.headings]
    return [
        Hit(page, heading, _excerpt(text, words), score)
        for heading, title, text in places
        if (score := _score(f"{page.title} {title}".lower(), text.lower(), words))
    ]


def _score(title: str, text: str, words: list[str]) -> int:
    """Rate by where the words stand, not how often: long tables would have most of every word."""
    if not all(word in f"{title} {text}" for word in words):
        return 0
    return sum(IN_A_TITLE * (word in title) + (word in text) for word in words)


def _excerpt(text: str, words: list[str]) -> str:
    flat = " ".join(text.split())
    at = min((i for word in words if (i := flat.lower().find(word)) >= 0), default=0)
    start, end = max(0, at - AROUND), at + 2 * AROUND
    return ("…" if start else "") + flat[start:end] + ("…" if end < len(flat) else "")
