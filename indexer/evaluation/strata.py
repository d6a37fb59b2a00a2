"""Whether a question names what it looks for: such questions are easier, and are told apart.

In our measurements a third of commit messages name the file or a symbol of it, and every ranking
does better on these by more than ten points.
"""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet

from indexer.evaluation.golden import Gold, GoldenQuestion
from indexer.models import Definition, Document

WORD = re.compile(r"\w+")
SHORTEST = 4  # characters of a name that is no everyday syllable
# What everyday words are called by: variables and parts of data (see golden/README.md).
UNTOLD_KINDS = ("field", "property", "constant", "variable")


def names_its_answer(question: GoldenQuestion) -> bool:
    """Return whether the question holds the name of a gold file, or of a symbol of its gold."""
    return any(
        _names_file(question.query, gold.path) or _names_symbol(question, gold)
        for gold in question.gold
    )


def _names_file(query: str, path: str) -> bool:
    name = path.rsplit("/", 1)[-1].lower()
    stem = name.rsplit(".", 1)[0]
    words = {word.lower() for word in WORD.findall(query)}
    return name in query.lower() or (len(stem) >= SHORTEST and stem in words)


def _names_symbol(question: GoldenQuestion, gold: Gold) -> bool:
    words = [word for word in WORD.findall(question.query) if len(word) >= SHORTEST]
    defined = _definitions_in(question, gold).exclude(kind__in=UNTOLD_KINDS)
    return defined.filter(name__in=words).exists()


def _definitions_in(question: GoldenQuestion, gold: Gold) -> QuerySet[Definition]:
    documents = Document.objects.filter(path=gold.path)
    if question.source is not None:
        documents = documents.filter(source__name=question.source)
    lines = Q()
    if gold.span is not None:
        lines = Q(start_line__lte=gold.span.end_line, end_line__gte=gold.span.start_line)
    return Definition.objects.filter(lines, blob__in=documents.values("blob"))
