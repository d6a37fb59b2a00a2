"""Lines that match, trigrams that never hide one, and hostile patterns that end."""

from __future__ import annotations

import time

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.matching import WINDOW, LineMatch, Pattern
from indexer.codesearch.tree import ANY, allows, condition, tree_of
from indexer.lexical.trigrams import fold

LETTERS = "abcABCkKsS\u212a\u017f\u00df\u1e9e\u0390\u1fd3\u00fc\u00dc\u03c3\u03c2 _x1{}\n"
TEXTS = st.text(alphabet=LETTERS, max_size=60)
ATOMS = st.one_of(
    st.text(alphabet=LETTERS.replace("\n", ""), min_size=1, max_size=5).map(re2.escape),
    st.sampled_from(
        [".", r"\w", r"\d", r"\s", r"\b", "^", "$", "[abc]", "[^a]", "[a-c]", r"[\]a-]", "[a-]"]
    ),
    st.sampled_from([r"\x61", r"\pL", "[[:alpha:]]", r"\A", r"\z", r"\Qab\E", "(?i)", "{,2}", "]"]),
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=4).map("|".join),
        inner.map("({})".format),
        inner.map("(?i:{})".format),
        inner.map("(?P<n>{})".format),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "{0}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


def lines_of(pattern: Pattern, text: str) -> list[LineMatch]:
    return [line for window in pattern.windows(text.encode()) for line in window]


def one_by_one(text: str, pattern: str, *, ignores_case: bool = False) -> list[int]:
    """Return the matching lines as RE2 finds them in each line alone."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignores_case
    compiled = re2.compile(pattern, options)
    lines = text.removesuffix("\n").split("\n") if text else []
    return [number for number, line in enumerate(lines, 1) if compiled.search(line)]


@settings(max_examples=1500, deadline=None)
@given(TEXTS, PATTERNS, st.booleans())
@example("xabc\n", "(a|)bc+", True)
@example("\u212aab", "kab", True)
def test_trigrams_never_hide_what_a_full_scan_finds(
    text: str, pattern: str, ignores_case: bool
) -> None:
    try:
        read = Pattern(pattern, is_regex=True, ignores_case=ignores_case)
    except QueryRefused:
        return
    found = [line.line for line in lines_of(read, text)]
    assert found == one_by_one(text, pattern, ignores_case=ignores_case)
    if found:
        assert allows(tree_of(read.node), fold(text))


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.text(alphabet=LETTERS.replace("\n", ""), min_size=1, max_size=9))
def test_an_exact_text_is_found_wherever_it_stands(text: str, wanted: str) -> None:
    pattern = Pattern(wanted, is_regex=False, ignores_case=False)
    found = [line.line for line in lines_of(pattern, text)]
    assert found == [n for n, line in enumerate(text.split("\n"), 1) if wanted in line]


@pytest.mark.parametrize(
    ("pattern", "trigrams"),
    [
        ("getattr", {b"get", b"eta", b"tat", b"att", b"ttr"}),
        (r"x\d+", set()),
        (r"foo.*bar", {b"foo", b"bar"}),
        (r"(?:foo)+", {b"foo"}),
        (r"foo(a|b)?", {b"foo"}),
        (r"\(self\)", {b"(se", b"sel", b"elf", b"lf)"}),
    ],
)
def test_a_pattern_asks_for_the_trigrams_of_its_letters(pattern: str, trigrams: set[bytes]) -> None:
    tree = tree_of(Pattern(pattern, is_regex=True, ignores_case=False).node)
    assert {number.to_bytes(3, "big") for number in tree.trigrams} == trigrams


def test_a_choice_asks_for_one_of_its_sides() -> None:
    tree = tree_of(Pattern("abc|xyz", is_regex=True, ignores_case=False).node)
    assert condition(tree)[0] == "(trigrams @> %s::int[] OR trigrams @> %s::int[])"
    assert tree_of(Pattern("abc|x", is_regex=True, ignores_case=False).node) == ANY


def test_columns_count_letters_and_a_line_is_told_once() -> None:
    pattern = Pattern("ß+", is_regex=True, ignores_case=False)
    assert lines_of(pattern, "üßß ß\n\nß") == [
        LineMatch(1, "üßß ß", ((2, 4), (5, 6))),
        LineMatch(3, "ß", ((1, 2),)),
    ]


def test_numbers_go_on_from_window_to_window() -> None:
    text = "filler filler\n" * (3 * WINDOW // 14) + "needle\n"
    (found,) = lines_of(Pattern("needle", is_regex=False, ignores_case=False), text)
    assert found.line == text.count("\n")


def test_a_long_line_is_cut() -> None:
    (found,) = lines_of(Pattern("a", is_regex=False, ignores_case=False), "a" * 5000)
    assert (len(found.text), found.is_cut, len(found.spans)) == (1000, True, 100)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*b", "(a*)*b", "a{0,500}a{0,400}b", "(.*)(.*)(.*)(.*)x", "(" * 200 + "a" + ")" * 200],
    ids=["plus-plus", "same-twice", "star-star", "counted", "dots", "nested"],
)  # fmt: skip
def test_hostile_patterns_end(pattern: str) -> None:
    text = ("a" * 9000 + "!\n") * 100
    compiled = Pattern(pattern, is_regex=True, ignores_case=False)
    started = time.monotonic()
    for _ in compiled.windows(text.encode()):
        if time.monotonic() - started > 5:  # what a search does between two windows
            break
    assert time.monotonic() - started < 10


def test_ten_thousand_letters_are_refused_at_once() -> None:
    with pytest.raises(QueryRefused, match="more than"):
        Pattern("a?" * 5000, is_regex=True, ignores_case=False)
