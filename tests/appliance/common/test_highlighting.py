"""Coloured lines are the file's lines, whatever a lexer or a hostile file does."""

from __future__ import annotations

import re
from html import unescape

import pytest

from appliance.common.highlighting import (
    MAX_COLOURED_CHARACTERS,
    highlighted_lines,
    opening_of,
)

TEXTS = {
    "a string over lines": ('x = """one\ntwo\n\nthree"""\n', "a.py"),
    "carriage returns": ("a = 1\r\nb = 2\rc = 3\n", "a.py"),
    "form feeds and separators": ("a\x0cb\x0b\nc\u2028d\x85e\n", "a.py"),
    "no newline at the end": ("def f():\n    pass", "a.py"),
    "empty": ("", "a.py"),
    "only newlines": ("\n\n\n", "a.go"),
    "leading blank lines": ("\n\nx = 1\n", "a.py"),
    "tabs": ("\tif x:\n\t\ty\n", "a.py"),
    "markup": ("<script>alert('&amp;')</script>\n", "a.html"),
    "markup in code": ('s = "</span><img src=x onerror=alert(1)>"\n', "a.py"),
    "broken code": ("def ((((\n'''\n\"\n", "a.py"),
    "unknown language": ("<b>&\n", "a.unheard-of"),
    "null and other controls": ("a\x00b\x1b[31m\n", "a.c"),
    "diff": ("--- a\n+++ b\n-old\n+new\n", "a.diff"),
    "very long line": ("x" * 6000 + "\ny\n", "a.js"),
    "very long file": ("x = 1\n" * (MAX_COLOURED_CHARACTERS // 6 + 1), "a.py"),
}


def text_of(html: str) -> str:
    return unescape(re.sub(r"</?(?:span|mark)[^>]*>", "", html))


@pytest.mark.parametrize("name", TEXTS)
def test_lines_stay_what_and_where_they_are(name: str) -> None:
    text, path = TEXTS[name]
    assert [text_of(line) for line in highlighted_lines(text, path)] == text.split("\n")


@pytest.mark.parametrize("name", TEXTS)
def test_the_first_lines_alone_are_as_they_are_among_all(name: str) -> None:
    text, path = TEXTS[name]
    every = highlighted_lines(text, path, ["a"])
    for first in (1, 2, len(every), len(every) + 1):
        assert highlighted_lines(text, path, ["a"], first=first) == every[:first]


@pytest.mark.parametrize("name", TEXTS)
def test_only_our_own_markup_is_in_the_lines(name: str) -> None:
    text, path = TEXTS[name]
    html = "\n".join(highlighted_lines(text, path, ["script", "a", "img"]))
    assert not re.findall(r"<(?!/?(?:span|mark)\b)", html)
    assert set(re.findall(r"<span([^>]*)>", html)) <= {
        f' class="tok-{letter}"' for letter in "abcdfhiknpst"
    }


def test_words_of_the_query_are_marked_whatever_their_case() -> None:
    (line,) = highlighted_lines("parseArgs(ARGS)", "a.txt", ["args"])
    assert line == "parse<mark>Args</mark>(<mark>ARGS</mark>)"


def test_marks_take_the_longest_word_and_no_pattern() -> None:
    (line,) = highlighted_lines("a.b argument", "a.txt", ["arg", "argument", ".", ""])
    assert line == "a<mark>.</mark>b <mark>argument</mark>"


def test_code_is_coloured() -> None:
    (line,) = highlighted_lines("def f(): return 'x'", "a.py")
    assert '<span class="tok-k">def</span>' in line
    assert '<span class="tok-f">f</span>' in line


@pytest.mark.parametrize(
    ("text", "language", "opening"),
    [
        ('    if this is set.\n    """\n    return 1\n', "Python", '"""'),
        ('    def f():\n        """\n        Begins here.\n', "Python", ""),
        ('    the end of it."""\n    return 1\n', "Python", '"""'),
        ('    """Begins here\n    and goes on\n', "Python", ""),
        ('    """Whole."""\n    return 1\n', "Python", ""),
        ("x = 1\n", "Python", ""),
        (" * the end\n */\nint x;\n", "C", "/*"),
        ("/* whole */\nint x; */\n", "C", ""),
        ("/* begins\n", "Go", ""),
        ('path = "src/*/"\n', "Python", ""),
    ],
)
def test_an_excerpt_that_begins_inside_a_comment_is_noticed(
    text: str, language: str, opening: str
) -> None:
    assert opening_of(text, language) == opening


def test_the_rest_of_a_docstring_is_no_code() -> None:
    lines = highlighted_lines('    if this is set.\n    """\n    return 1', "a.py")
    assert len(lines) == 3
    assert "tok-k" not in lines[0]
    assert "tok-k" in lines[2]
