"""One set of rules for all chunkers, tried with generated, broken and hostile texts."""

from __future__ import annotations

import random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chunking import dissect
from indexer.chunking.registry import CHUNKERS
from tests.indexer.chunking.expect import assert_sound

LANGUAGES = sorted([*CHUNKERS, "a language that nobody registered"])
FRAGMENTS = [
    *[
        "def f(a):\n",
        "    return a\n",
        "class A:\n",
        "function f() {\n",
        "}\n",
        "{",
        "(",
        "]",
        "\n",
    ],
    *[
        "/* text\n",
        "*/\n",
        "// note\n",
        "/** doc */\n",
        "# one\n",
        "## two\n",
        "=====\n",
        "-----\n",
    ],
    *["title\n", "```\n", '"""', "'", "`${", "<a>", "#ifdef X\n", "#endif\n", "impl A for B {\n"],
    *["pub fn x() {}\n", "@dec\n", "#[a]\n", "const x = () => {\n", "x = 1\n" * 70, "y " * 900],
    *["\u2028", "\x0c", "\r", "\x1c\n", "größe\n", "\U0001f600\n", "template<class T>\n", " \t\n"],
]
PROGRAMS = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)
DEEP = 50_000


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=40, deadline=None)
@given(text=PROGRAMS | st.text(max_size=200))
def test_chunks_are_ordered_disjoint_verbatim_and_complete(language: str, text: str) -> None:
    assert_sound(text, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_chunking_twice_gives_the_same_chunks(language: str) -> None:
    text = "".join(random.Random(3).choices(FRAGMENTS, k=300))  # noqa: S311
    assert dissect(text, language) == dissect(text, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", "\n", " \n\t\n \n", "\x0c"])
def test_a_blank_text_has_no_chunks(language: str, text: str) -> None:
    assert dissect(text, language).chunks == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP,
        "[\n" * 20_000 + "]\n" * 20_000,
        "f(\n" * 450 + ")\n" * 450,
        "{ try { } catch { (, e\n" * 400,
        "a<b<" * 20_000,
        "a<              \n" * 1_500,
        "x = 1" + " +\n1" * 5_000,
        '"""\n' + "x = 1\n" * 1_500,
        "/*\n" + "int f() { return 1; }\n" * 800,
        "x = '" + "a b " * 250_000 + "'\ny = 2\n",
        "# a\n" * 5_000,
        "#ifdef A\n" * 2_000,
        " " * 1_000_000 + "x\n",
        "a\n=\n" * 2_000,
        random.Random(5).randbytes(30_000).decode("latin-1").replace("\0", ""),  # noqa: S311
    ],
    ids=[
        *[
            "open brackets",
            "nested lines",
            "nested calls",
            "broken catches",
            "open angles",
            "spaced angles",
            "sum",
        ],
        *["open string", "open comment", "one long line", "comments", "conditions", "spaces"],
        *["titles", "noise"],
    ],
)
def test_hostile_text_is_chunked_in_bounded_time(language: str, text: str) -> None:
    start = process_time()
    assert_sound(text, language)
    assert process_time() - start < 20


def test_lone_surrogates_do_not_stop_the_parser() -> None:
    assert_sound("x = '\ud800'\ndef f(): pass\n", "python")
