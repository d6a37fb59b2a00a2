"""What a sentence names: everything that looks like code, and no everyday words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.conversations.checking.guarding import bound_in
from appliance.conversations.checking.mentions import Kind, mentions_in
from appliance.conversations.checking.sentences import Sentence


def named(text: str, *, is_code: bool = False) -> list[tuple[str, str]]:
    return [(m.kind.value, m.text) for m in mentions_in(Sentence(0, text, is_code))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Calls `add`.", [("name", "add")]),
        ("Calls add_item.", [("name", "add_item")]),
        ("Calls addItem or CartFull.", [("name", "addItem"), ("name", "CartFull")]),
        ("Calls run() first.", [("name", "run")]),
        ("Calls Command.invoke here.", [("name", "Command.invoke")]),
        ("Calls `shop::cart`.", [("name", "shop::cart")]),
        ("Calls `x.append(y)`.", [("name", "x.append"), ("name", "y")]),
        ("Reads `content-length`.", [("name", "content-length")]),
        ("Set --no-color.", [("flag", "--no-color")]),
        ("Set `-v`.", [("flag", "-v")]),
        ("See src/a/b.py.", [("path", "src/a/b.py")]),
        ("See README.md.", [("path", "README.md")]),
        ("See `shop/cart`.", [("path", "shop/cart")]),
        ("GET /api/items/{id} answers.", [("endpoint", "/api/items/{id}")]),
        ("After 30 seconds.", [("number", "30")]),
        ("After 5 seconds.", [("number", "5")]),
        ("At 1_000 or 0x1F.", [("number", "1_000"), ("number", "0x1F")]),
        ('It says "cart is full".', [("text", "cart is full")]),
        ("It says \u201ccart is full\u201d.", [("text", "cart is full")]),
        ('It says `raise Full("cart is full")`.', [("name", "Full"), ("text", "cart is full")]),
        ("Reads HTTP_PROXY.", [("name", "HTTP_PROXY")]),
    ],
)
def test_what_looks_like_code_is_a_mention(text: str, found: list[tuple[str, str]]) -> None:
    assert named(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "It adds an item to the cart.",
        "Reading and/or writing, input/output, TCP/IP.",
        "GitHub and JavaScript, e.g. on macOS, i.e. there.",
        "There are 3 ways; the 2 others wait.",
        "See lines 10 to 20, lines 12-14.",
        "URLs and APIs and IDs of the HTTP server.",
        "`None`, `True` and `return` say nothing.",
        'The "cart" is full.',
        "It ends here.The next one begins.",
        "It adds [E12:10-20].",
        "",
    ],
)
def test_everyday_words_are_none(text: str) -> None:
    assert named(text) == []


def test_a_mention_ends_behind_its_backtick() -> None:
    text = "Calls `add_item` and run() now."
    ends = [mention.end for mention in mentions_in(Sentence(0, text))]
    assert [text[:end] for end in ends] == ["Calls `add_item`", "Calls `add_item` and run()"]


def test_of_a_block_its_code_is_read_and_not_its_fence() -> None:
    assert named("```python\nadd_item(cart)\n```\n[E1]\n", is_code=True) == [
        ("name", "add_item"),
        ("name", "cart"),
    ]


@given(st.text(max_size=80) | st.text("`\"'/.-_aB1 [E]\n<{:", max_size=80))
def test_every_mention_stands_in_its_sentence(text: str) -> None:
    for mention in mentions_in(Sentence(0, text)):
        assert mention.text in text
        assert mention.text in text[: mention.end]
        assert mention.kind in Kind


@pytest.mark.parametrize(
    "code",
    ["a-" * 100_000, "a" * 1_000_000, "a/" * 100_000, "a.b/" * 50_000, "/a" * 100_000, "(" * 200_000,
     "'" * 200_000, "x = " * 50_000, "a " + " " * 200_000, "-" * 200_000, "https://" * 30_000],
    ids=["kebab", "word", "path", "dots", "slashes", "brackets", "quotes", "binds", "blanks",
         "dashes", "addresses"],
)  # fmt: skip
def test_a_hostile_block_of_code_is_read_in_linear_time(code: str) -> None:
    block = Sentence(0, f"```\n{code}\n```\n", is_code=True)
    started = time.process_time()
    mentions_in(block)
    bound_in(block.text)
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    "text",
    ["a." * 1000, "a/" * 1000, "`" * 2000, '"' * 2000, "/{" * 1000, "1_000" * 400, "_" * 2000,
     "a->" * 600, "../" * 600, "--" * 1000, "\\" * 2000, "`'" + "\\a" * 900],
)  # fmt: skip
def test_hostile_sentences_are_read_in_bounded_time(text: str) -> None:
    started = time.process_time()
    mentions_in(Sentence(0, text))
    mentions_in(Sentence(0, f"`{text}`"))
    assert time.process_time() - started < 2
