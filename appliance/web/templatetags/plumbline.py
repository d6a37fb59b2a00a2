"""Small words of the templates: commits, paths, coloured lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django import template
from django.utils.safestring import SafeString

from appliance.common.highlighting import highlighted_lines

register = template.Library()


class Excerpt(Protocol):
    """Numbered lines of a document."""

    @property
    def path(self) -> str: ...

    @property
    def lines(self) -> Iterable[tuple[int, str]]: ...


@register.filter
def short_commit(commit: str) -> str:
    return commit[:10]


@register.filter
def folder_of(path: str) -> str:
    """Return everything of a path before its last name, slash included."""
    head, slash, _name = path.rpartition("/")
    return head + slash


@register.filter
def name_of(path: str) -> str:
    return path.rpartition("/")[2]


@register.filter
def coloured(excerpt: Excerpt) -> list[tuple[int, SafeString]]:
    """Return number and HTML of each line of an excerpt."""
    numbered = list(excerpt.lines)
    html = highlighted_lines("\n".join(line for _number, line in numbered), excerpt.path)
    return [(number, line) for (number, _text), line in zip(numbered, html, strict=True)]


@register.filter
def percent_of(part: int, whole: int) -> int:
    """Return a whole percentage, 0 when there is nothing to have a part of."""
    return min(100, 100 * part // whole) if whole else 0
