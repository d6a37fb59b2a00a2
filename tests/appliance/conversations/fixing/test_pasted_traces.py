"""Traces as they are pasted: out of logs and mails, and of languages that name their places otherwise."""

from __future__ import annotations

import pytest

from appliance.conversations.answering.fixing.detecting import looks_broken
from appliance.conversations.answering.fixing.log_lines import bare
from appliance.conversations.answering.fixing.traces import Frame, read_trace

PYTHON = (
    "Traceback (most recent call last):",
    '  File "/app/shop/cart.py", line 7, in add_item',
    "    raise CartFull(item)",
    "shop.cart.CartFull: too many",
)


@pytest.mark.parametrize(
    "prefix",
    [
        "> ",
        ">> ",
        "web-1  | ",
        "[pod/web-5d9c/app] ",
        "2026-11-27T13:00:01.123Z ",
        "2026-11-27 13:00:01,123 ",
        "2026-11-27T13:00:01.123456789Z stderr F ",
        "Nov 27 13:00:01 host gunicorn[123]: ",
        "    | ",
        "web-1  | 2026-11-27T13:00:01Z ",
    ],
)
def test_what_a_log_puts_before_each_line_is_taken_away(prefix: str) -> None:
    text = "\n".join(prefix + line for line in PYTHON)
    trace = read_trace(text)
    assert trace.frames == (Frame("/app/shop/cart.py", 7, "add_item", "raise CartFull(item)"),)
    assert trace.sentence == "shop.cart.CartFull: too many"
    assert looks_broken(text)


@pytest.mark.parametrize(
    "line",
    [
        "    raise CartFull(item)",
        "\tcart.go:12 +0x1d",
        "  3: shop::cart::add",
        "a | b",
        "if a > b:",
        "",
    ],
)
def test_a_line_of_a_program_stays_as_it_is(line: str) -> None:
    assert bare(line).strip() in line
    assert bare(line) == line or "|" in line


JAVA = """Exception in thread "main" java.lang.IllegalStateException: full
\tat com.shop.Cart.add(Cart.java:12)
\tat com.shop.Main.main(Main.java:5)
Caused by: java.lang.RuntimeException: later
\tat com.shop.Shelf.take(Shelf.java:20)
Caused by: java.lang.NullPointerException
\tat com.shop.Store.get(Store.java:44)
\t... 2 more"""
PYTEST = """    def test_add():
>       add_item(cart, 1)

tests/test_cart.py:12:
    def add_item(cart, item):
>       raise CartFull(item)
E       shop.cart.CartFull: too many

shop/cart.py:7: CartFull"""
VALGRIND = """==9== Invalid read of size 4
==9==    at 0x10916B: sdscat (sds.c:412)
==9==    by 0x1091: main (test.c:9)"""
FIREFOX = """add@http://localhost:3000/static/cart.js?v=3:10:5
@file:///srv/app/index.js:3:1"""
SWIFT = "Fatal error: Index out of range: file Shop/Cart.swift, line 12"
ELIXIR = "** (KeyError) key :x not found\n    (shop 0.1.0) lib/shop/cart.ex:12: Shop.Cart.add/2"
PHP = "PHP Fatal error:  Uncaught TypeError: no cart in /app/Cart.php:12\n  thrown in /app/Cart.php on line 12"
RUBY = "app/cart.rb:12:in `add': undefined method `x' for nil:NilClass (NoMethodError)"


@pytest.mark.parametrize(
    ("text", "error", "places"),
    [
        (
            JAVA,
            "java.lang.NullPointerException",
            [("com/shop/Store.java", 44), ("com/shop/Shelf.java", 20), ("com/shop/Cart.java", 12)],
        ),
        (
            PYTEST,
            "shop.cart.CartFull: too many",
            [("shop/cart.py", 7), ("tests/test_cart.py", 12)],
        ),
        (VALGRIND, "", [("sds.c", 412), ("test.c", 9)]),
        (FIREFOX, "", [("/static/cart.js", 10), ("/srv/app/index.js", 3)]),
        (SWIFT, "Fatal error: Index out of range: file Shop/Cart.swift, line 12", [("Shop/Cart.swift", 12)]),
        (ELIXIR, "KeyError: key :x not found", [("lib/shop/cart.ex", 12)]),
        (PHP, "TypeError: no cart in /app/Cart.php:12", [("/app/Cart.php", 12)]),
        (RUBY, "NoMethodError: undefined method `x' for nil:NilClass", [("app/cart.rb", 12)]),
    ],
)  # fmt: skip
def test_where_it_failed_stands_first(text: str, error: str, places: list[tuple[str, int]]) -> None:
    trace = read_trace(text)
    assert trace.sentence == error
    assert [(one.path, one.line) for one in trace.frames][: len(places)] == places
