"""The query language: what a line means, and what is refused with which words."""

from __future__ import annotations

import pytest

from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.query import Filter, read_query


@pytest.mark.parametrize(
    ("line", "text", "is_regex", "filters"),
    [
        ("foo  bar", "foo  bar", False, ()),
        ("repo:shop foo bar", "foo bar", False, (Filter("repo", "shop"),)),
        ("foo -path:test bar", "foo bar", False, (Filter("path", "test", True),)),
        ('path:"a b" x', "x", False, (Filter("path", "a b"),)),
        ('"path:x"', "path:x", False, ()),
        ("/path:x y/ lang:go", "path:x y", True, (Filter("lang", "go"),)),
        (r"/a\/b/", "a/b", True, ()),
        ("a/b/c", "a/b/c", False, ()),
        ("http://x:80", "http://x:80", False, ()),
        ("std::path:x", "std::path:x", False, ()),
        ("symbol:^total$", "", False, (Filter("symbol", "^total$"),)),
        (r'"say \"hi\""', 'say "hi"', False, ()),
        ("ref:v* größe", "größe", False, (Filter("ref", "v*"),)),
    ],
)
def test_filters_stand_anywhere_and_the_rest_is_looked_for(
    line: str, text: str, is_regex: bool, filters: tuple[Filter, ...]
) -> None:
    query = read_query(line)
    assert (query.text, query.is_regex, query.filters) == (text, is_regex, filters)
    assert read_query(str(query)) == query


@pytest.mark.parametrize(
    ("line", "ignores"),
    [
        ("foo", False),
        ("foo case:no", True),
        ("foo case:auto", True),
        ("Foo case:auto", False),
        ("Foo case:yes", False),
    ],
)
def test_case_counts_unless_told_otherwise(line: str, ignores: bool) -> None:
    assert read_query(line).ignores_case is ignores


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "Nothing is looked for"),
        ("lang:go", "Nothing is looked for"),
        ("x repo:", "repo: needs a value"),
        ("x path:(", "path: This is not a regular expression"),
        ("x case:maybe", "case: takes"),
        ("x -symbol:a", "-symbol:"),
        ("/a(?=b)/", "no look-ahead and look-behind: '(?=' at letter 2"),
        ("/(?<!a)b/", "look-behind: '(?<!' at letter 1"),
        (r"/(a)\1/", "references back to a group: '\\1' at letter 4"),
        ("/(?>a)/", "atomic groups"),
        ("/a++/", "possessive"),
        ("/(/", "missing )"),
        ("/a{1000}{1000}/", "repetition"),
        ("/(((a{0,30}){0,30})b){0,30}/", "repetition"),
        ("/(a|b|c|d){900}(x|y){900}/", "too large"),
        ("/" + "(" * 900 + "/", "RE2 takes"),
        ("x" * 1001, "more than 1,000 letters"),
        ("x" * 10_000, "more than 2,000 letters"),
        ("a\nb", "line end"),
        ("a\0b", "NUL"),
        ("a\ud800b", "not valid text"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_name(line: str, says: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        read_query(line)
    assert says in str(refused.value)
