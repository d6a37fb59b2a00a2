"""What a query looks for in the text of one file: a pattern, several at once, or symbols alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.codesearch.matching import LineMatch, Pattern
from indexer.codesearch.query import CodeQuery
from indexer.codesearch.terms import Either, Every, Expression, Term, Without, holds, shown_terms
from indexer.codesearch.tree import ANY, All, any_of, both, tree_of
from indexer.spans import Span

MAX_SHOWN = 1000  # letters of a symbol's first line


@dataclass(frozen=True, slots=True)
class Lookup:
    """Finds the lines of a text, and knows which trigrams a text must hold for that."""

    query: CodeQuery
    patterns: Mapping[Term, Pattern]

    @classmethod
    def of(cls, query: CodeQuery) -> Lookup:
        return cls(query, query.patterns())

    @property
    def tree(self) -> All:
        expression = self.query.expression
        return self._tree(expression) if expression else ANY

    def lines(self, text: str, symbols: Sequence[Sequence[Span]]) -> Iterable[list[LineMatch]]:
        """Yield the lines, window after window where there is one pattern."""
        match self.query.expression:
            case None:
                return [_first_lines(text, symbols)]
            case Term() as term:
                return self.patterns[term].windows(text.encode())
            case expression:
                return [self._lines_of(expression, text.encode())]

    def _lines_of(self, expression: Expression, content: bytes) -> list[LineMatch]:
        """Return the lines of every term, when all of the expression holds in this text."""
        seen: dict[Term, bool] = {}

        def is_there(term: Term) -> bool:
            if term not in seen:
                seen[term] = any(window for window in self.patterns[term].windows(content))
            return seen[term]

        if not holds(expression, is_there):
            return []
        lines: dict[int, LineMatch] = {}
        for term in dict.fromkeys(shown_terms(expression)):
            for line in _all(self.patterns[term].windows(content)):
                lines[line.line] = line.with_spans_of(lines.get(line.line))
        return [lines[number] for number in sorted(lines)]

    def _tree(self, expression: Expression) -> All:
        match expression:
            case Term():
                return tree_of(self.patterns[expression].node)
            case Without():
                return ANY
            case Either(parts):
                return any_of(self._tree(part) for part in parts)
            case Every(parts):
                tree = ANY
                for part in parts:
                    tree = both(tree, self._tree(part))
                return tree


def _all(windows: Iterable[list[LineMatch]]) -> Iterator[LineMatch]:
    for window in windows:
        yield from window


def _first_lines(text: str, symbols: Sequence[Sequence[Span]]) -> list[LineMatch]:
    whole = text.split("\n")
    numbers = sorted({span.start_line for spans in symbols for span in spans})
    return [LineMatch(at, whole[at - 1][:MAX_SHOWN], ()) for at in numbers if at <= len(whole)]
