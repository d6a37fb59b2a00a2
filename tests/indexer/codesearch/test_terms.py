"""AND, OR, NOT and parentheses: how a line is read, and which files and lines it finds."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from appliance.sources.access import operator_scope
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.query import read_query
from indexer.codesearch.search import search_code
from indexer.codesearch.terms import Either, Every, Expression, Term, Without
from indexer.models import Source
from tests.conftest import SourceFactory

A, B, C = Term("a"), Term("b"), Term("c")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("a AND b", Every((A, B))),
        ("a OR b OR c", Either((A, B, C))),
        ("a OR b AND c", Either((A, Every((B, C))))),
        ("(a OR b) AND c", Every((Either((A, B)), C))),
        ("( a OR b ) AND c", Every((Either((A, B)), C))),
        ("a AND NOT b", Every((A, Without(B)))),
        ("NOT (b OR c) AND a", Every((Without(Either((B, C))), A))),
        ('"a" AND /b/', Every((A, Term("b", True)))),
        ("f(x) AND c", Every((Term("f(x)"), C))),
        ("(f(x) OR b) AND c", Every((Either((Term("f(x)"), B)), C))),
        ("open( AND close)", Every((Term("open("), Term("close)")))),
        ("self.a b AND c", Every((Term("self.a b"), C))),
        ('"x AND y" OR c', Either((Term("x AND y"), C))),
        ('("x lang:go" OR c) AND b', Every((Either((Term("x lang:go"), C)), B))),
        ("a AND IS NOT NULL", Every((A, Term("IS NOT NULL")))),
        ("/x AND y/ OR c", Either((Term("x AND y", True), C))),
    ],
)
def test_operators_stand_between_terms(line: str, meant: Expression) -> None:
    query = read_query(f"{line} path:src")
    assert (query.several, [one.value for one in query.filters]) == (meant, ["src"])
    assert read_query(str(query)) == query


@pytest.mark.parametrize(
    "line",
    ["a and b", "or", "AND", "this OR", "ORDER BY", "(a)", "f(a, b)", "IS NOT NULL", '"a AND b"',
     "/a AND b/", "BRAND", "xAND b", "a ANDb", "()", "NOTE it"],
)  # fmt: skip
def test_everything_else_is_text(line: str) -> None:
    assert read_query(line).several is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a AND OR b", "needs a term on both sides"),
        ("AND b", "needs a term on both sides"),
        ("a OR (b", "is not closed"),
        ("NOT a", "only what files must not hold"),
        ("a OR NOT b", "only what files must not hold"),
        ("NOT a AND NOT b", "only what files must not hold"),
        (" OR ".join("abcdefghijklm"), "At most 12 terms"),
        ("NOT " * 30 + "(a OR b)", "more than 20 deep"),
        ("(" * 400 + "a OR b", "more than 20 deep"),
        ("a AND /(/", "missing )"),
    ],
)
def test_what_cannot_be_read_is_told(line: str, says: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        read_query(line)
    assert says in str(refused.value)


@settings(max_examples=300, deadline=None)
@given(some.lists(some.sampled_from(
    ["a", "AND", "OR", "NOT", "(", ")", " ", '"', "/", "b c", "\\", "AND NOT"]
), max_size=14))  # fmt: skip
def test_any_line_is_read_or_refused_and_reads_back(words: list[str]) -> None:
    try:
        query = read_query(" ".join(words))
    except QueryRefused:
        return
    assert read_query(str(query)) == query


FILES: dict[str, str | bytes | None] = {
    "both.py": "open(a)\nclose(a)\nother\n",
    "open.py": "x\nopen(b)\n",
    "close.py": "close(c)\n",
    "one.py": "open(d); close(d)\n",
    "none.py": "nothing\n",
}


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def found(line: str) -> dict[str, list[int]]:
    result = search_code(read_query(line), scope=operator_scope())
    assert result.certificate.is_complete
    return {file.path: [one.line for one in file.lines] for file in result.files}


@pytest.mark.services
@pytest.mark.django_db
def test_files_are_chosen_and_lines_of_every_term_shown(shop: Source) -> None:
    both = {"both.py": [1, 2], "one.py": [1]}
    assert found("open( AND close(") == both
    assert found("open( AND NOT close(") == {"open.py": [2]}
    assert found("open( OR close(") == {**both, "open.py": [2], "close.py": [1]}
    assert found('("open(" OR "close(") AND other') == {"both.py": [1, 2, 3]}
    assert found("close( AND NOT /open\\([ab]\\)/") == {"close.py": [1], "one.py": [1]}
    assert found("OPEN( AND CLOSE( case:no path:one") == {"one.py": [1]}
    assert found("open( AND nowhere") == {}


@pytest.mark.services
@pytest.mark.django_db
def test_a_line_of_two_terms_is_marked_twice(shop: Source) -> None:
    result = search_code(read_query("open( AND close( path:one"), scope=operator_scope())
    assert result.files[0].lines[0].spans == ((1, 6), (10, 16))


@pytest.mark.services
@pytest.mark.django_db
def test_the_index_leaves_out_no_file_that_a_plain_look_finds(shop: Source) -> None:
    dice = random.Random(11)  # noqa: S311  the same each time
    tried = 0
    while tried < 60:
        try:
            query = read_query(str(_made_by(dice)))
        except QueryRefused:
            continue
        wanted = {
            path
            for path, text in FILES.items()
            if isinstance(text, str) and _holds(query.expression, text)
        }
        assert set(found(str(query))) == wanted, str(query)
        tried += 1


def _made_by(dice: random.Random, depth: int = 3) -> Expression:
    kind = dice.choice(["term", "every", "either", "without"]) if depth else "term"
    if kind == "term":
        texts = ["open(", "close(", "other", "x", "nothing"]
        return dice.choice([*map(Term, texts), Term(r"\(.\)", True)])
    if kind == "without":
        return Without(_made_by(dice, depth - 1))
    parts = tuple(_made_by(dice, depth - 1) for _ in range(dice.randint(2, 3)))
    return Every(parts) if kind == "every" else Either(parts)


def _holds(expression: Expression | None, text: str) -> bool:
    match expression:
        case Term(pattern, is_regex):
            return bool(re.search(pattern if is_regex else re.escape(pattern), text))
        case Without(part):
            return not _holds(part, text)
        case Every(parts):
            return all(_holds(part, text) for part in parts)
        case Either(parts):
            return any(_holds(part, text) for part in parts)
    return False
