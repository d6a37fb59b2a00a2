"""Long texts that are pasted or dropped: they follow on the question, each in a fence with a name.

So a question stays one text, for the model, for search and for exports; pages fold what is attached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

FENCED = re.compile(r"(?:\A|\n\n)(`{3,})attached ([^`\n]{1,120})\n(.*?)\n\1(?=\n\n|\Z)", re.DOTALL)
UNNAMED = re.compile(r"[^\w ./()+,-]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    text: str

    @property
    def line_count(self) -> int:
        return self.text.count("\n") + 1


@dataclass(frozen=True, slots=True)
class Folded:
    """A question as it is shown: its words, and what is attached to them."""

    words: str
    attachments: tuple[Attachment, ...] = ()


def attach(question: str, attachments: Iterable[Attachment]) -> str:
    """Return the question with these texts after it."""
    return question.strip() + "".join(map(_fenced, attachments))


def folded(text: str) -> Folded:
    """Take a question apart: what `attach` added at its end, and what stood before."""
    found = list(FENCED.finditer(text))
    at = len(text)
    kept: list[Attachment] = []
    for match in reversed(found):
        if match.end() != at:
            break
        kept.append(Attachment(match[2].strip(), match[3]))
        at = match.start()
    return Folded(text[:at], tuple(reversed(kept)))


def _fenced(one: Attachment) -> str:
    runs = [len(run) for run in re.findall(r"`+", one.text)]
    fence = "`" * max(3, 1 + max(runs, default=0))
    name = UNNAMED.sub(" ", one.name).strip()[:120] or "text"
    return f"\n\n{fence}attached {name}\n{one.text.rstrip()}\n{fence}"
