"""The query language of code search: filters anywhere in the line, the rest is what is looked for.

As people know it from Sourcegraph and Zoekt: `repo:`, `path:` and `symbol:` are regular expressions
that match anywhere (`path:^src/`, `path:\\.go$`), `lang:` is a name, `kind:` what a file is for
(`code`, `test`, `docs`), `ref:` a name with `*`, and a `-` in front turns one round. What is left is an exact text; `/between slashes/` it is a regular
expression. Quotes keep blanks in a filter, and keep `path:` a text. Several terms
may stand with AND, OR, NOT and parentheses (terms.py); filters hold for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.matching import Pattern, compiled
from indexer.codesearch.terms import (
    QUOTED,
    REGEX,
    Expression,
    Term,
    read_expression,
    read_term,
    terms_of,
)
from indexer.reading.kinds import KINDS

MAX_QUERY = 2000  # letters
FILTERS = ("repo", "path", "lang", "kind", "ref", "symbol", "case")
FILTER = re.compile(rf"(?<!\S)(-?)({'|'.join(FILTERS)}):({QUOTED}|\S*)(?!\S)")
Case = Literal["yes", "no", "auto"]


@dataclass(frozen=True, slots=True)
class Filter:
    name: str
    value: str
    is_negated: bool = False

    def __str__(self) -> str:
        value = self.value
        if not value or re.search(r'[\s"]', value):
            value = '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
        return f"{'-' if self.is_negated else ''}{self.name}:{value}"


@dataclass(frozen=True, slots=True)
class CodeQuery:
    text: str  # what is looked for; empty only with a symbol
    is_regex: bool
    filters: tuple[Filter, ...]
    case: Case = "yes"
    several: Expression | None = None  # in the place of the text: several terms at once

    @property
    def expression(self) -> Expression | None:
        """Return what is looked for; None: the first line of each symbol is meant."""
        return self.several or (Term(self.text, self.is_regex) if self.text else None)

    @property
    def ignores_case(self) -> bool:
        if self.case == "auto":
            texts = [term.text for term in self._terms()]
            return all(text == text.lower() for text in texts)
        return self.case == "no"

    def patterns(self) -> dict[Term, Pattern]:
        """Return what lines are matched with, by term. Raises QueryRefused."""
        ignores = self.ignores_case
        return {
            term: Pattern(term.text, is_regex=term.is_regex, ignores_case=ignores)
            for term in self._terms()
        }

    def _terms(self) -> list[Term]:
        return list(terms_of(self.expression)) if self.expression else []

    def of(self, name: str) -> tuple[Filter, ...]:
        return tuple(one for one in self.filters if one.name == name)

    def __str__(self) -> str:
        """Return the query in one spelling, which reads back as the same query."""
        words = [str(one) for one in self.filters]
        if self.case != "yes":
            words.append(f"case:{self.case}")
        if self.expression:
            words.append(str(self.expression))
        return " ".join(words)


def read_query(line: str, *, is_regex: bool = False) -> CodeQuery:
    """Read what a person typed; raise QueryRefused with a sentence when it cannot be searched."""
    if len(line) > MAX_QUERY:
        raise QueryRefused(f"The query has more than {MAX_QUERY:,} letters.")
    if re.search(r"[\r\n\0]", line):
        raise QueryRefused("The query holds a line end or a NUL: lines are searched one by one.")
    if re.search(r"[\ud800-\udfff]", line):
        raise QueryRefused("The query is not valid text.")
    filters: list[Filter] = []
    rest = _without_filters(line, filters)
    several = None if is_regex else read_expression(rest)
    term = Term("") if several else _term_of(rest, is_regex=is_regex)
    case = _case_of([one for one in filters if one.name == "case"])
    kept = tuple(one for one in filters if one.name != "case")
    query = CodeQuery(term.text, term.is_regex, kept, case, several)
    if not query.expression and not query.of("symbol"):
        raise QueryRefused("Nothing is looked for: add a text, a /regular expression/ or symbol:.")
    for one in query.filters:
        if one.name in {"repo", "path", "symbol", "kind"}:
            _check(one)
    query.patterns()
    return query


def as_of_refs(query: CodeQuery, refs: Sequence[str]) -> CodeQuery:
    """Return the query for these refs, unless it names some itself."""
    if query.of("ref"):
        return query
    return replace(query, filters=(*query.filters, *(Filter("ref", ref) for ref in refs)))


def _without_filters(line: str, filters: list[Filter]) -> str:
    """Take the filters out of the line, but none that stands in quotes or between slashes."""
    kept: list[str] = []
    at = 0
    while at < len(line):
        before = at == 0 or line[at - 1].isspace()
        if before and (found := FILTER.match(line, at)):
            filters.append(Filter(found[2], _unquoted(found[3]), bool(found[1])))
            at = found.end()
            while at < len(line) and line[at].isspace():
                at += 1
            continue
        begins = before or line[at - 1] == "("
        whole = begins and (re.compile(QUOTED).match(line, at) or REGEX.match(line, at))
        end = whole.end() if whole else at + 1
        kept.append(line[at:end])
        at = end
    return "".join(kept).strip()


def _term_of(rest: str, *, is_regex: bool) -> Term:
    if not is_regex:
        return read_term(rest)
    return Term(_unquoted(rest) if re.fullmatch(QUOTED, rest) else rest, True)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", value[1:-1])
    return value


def _case_of(found: list[Filter]) -> Case:
    if not found:
        return "yes"
    value = found[-1].value
    if value not in ("yes", "no", "auto") or found[-1].is_negated:
        raise QueryRefused("case: takes yes, no or auto (no, unless the text holds a capital).")
    return value  # type: ignore[return-value]


def _check(one: Filter) -> None:
    if one.name == "symbol" and one.is_negated:
        raise QueryRefused("-symbol: is not searched: name the symbols in which to look.")
    if not one.value:
        raise QueryRefused(f"{one.name}: needs a value.")
    if one.name == "kind":
        if one.value not in KINDS:
            raise QueryRefused(f"kind: takes {', '.join(KINDS)}.")
        return
    try:
        compiled(one.value)
    except QueryRefused as exc:
        raise QueryRefused(f"{one.name}: {exc}") from exc
