"""Small words of the templates: commits, paths, coloured lines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from django import template
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString

from appliance.accounts.models import Role, User
from appliance.accounts.roles import has_role
from appliance.common.highlighting import highlighted_lines
from appliance.conversations.attaching import Folded, folded
from appliance.conversations.pasting import Part, parts_of

register = template.Library()

LEG_NAMES = {
    "lexical": "words",
    "vector": "meaning",
    "exact": "letters",
    "path": "path",
    "symbol": "name",
    "history": "history",
    "rerank": "reranker",
    "curated": "curators",
}
ROLE_LABELS = (
    ("cited", "Cited in the answer"),
    ("in_prompt", "In the prompt, not cited"),
    ("found", "Found by the search"),
    ("near", "Nearest, but no answer"),
)


class Excerpt(Protocol):
    """Numbered lines of a document."""

    @property
    def path(self) -> str: ...

    @property
    def lines(self) -> Iterable[tuple[int, str]]: ...


class Used(Protocol):
    """Evidence with the part that it played."""

    @property
    def role(self) -> str: ...


@register.filter
def moment(text: str | None) -> datetime | None:
    """Read a time that was written as ISO 8601; None for anything else."""
    try:
        return parse_datetime(text or "")
    except ValueError:
        return None


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
def as_percent(share: float) -> str:
    """Return a share as people write it: 1.0 as 100%, 0.001 as 0.1%."""
    return f"{100 * share:g}%"


@register.filter
def leg_names(legs: Iterable[str]) -> str:
    """Name the retrievers as a reader would."""
    return ", ".join(LEG_NAMES.get(leg, leg) for leg in legs)


@register.filter
def skip_reasons(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Return what files were left out for, in words, with how many."""
    return [(reason.replace("_", " "), files) for reason, files in counts.items()]


@register.filter
def by_role(evidence: Iterable[Used]) -> list[tuple[str, list[Used]]]:
    """Group evidence by what it did in the answer, cited first."""
    used = list(evidence)
    groups = [(label, [one for one in used if one.role == role]) for role, label in ROLE_LABELS]
    return [(label, group) for label, group in groups if group]


@register.filter
def may_audit(user: object) -> bool:
    """Return whether the pages of the audit are for this person."""
    return isinstance(user, User) and has_role(user, Role.AUDITOR, Role.ADMIN)


@register.filter(name="folded")
def folded_question(text: str) -> Folded:
    """Take a question apart into its words and what is attached to them."""
    return folded(text)


@register.filter
def pasted(words: str) -> list[Part]:
    """Return what was said in a question, and what was pasted into it."""
    return parts_of(words)
