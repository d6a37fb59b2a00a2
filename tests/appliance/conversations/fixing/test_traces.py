"""Stack traces of many languages are read, and hostile ones cost nothing."""

from __future__ import annotations

import time

import pytest

from appliance.conversations.answering.fixing.detecting import looks_broken
from appliance.conversations.answering.fixing.traces import MOST_FRAMES, Frame, read_trace

PYTHON = """Traceback (most recent call last):
  File "/srv/app/shop/main.py", line 10, in <module>
    run()
  File "/srv/app/shop/cart.py", line 7, in add_item
    raise CartFull(item)
    ~~~~~~^^^^^^^^^^^^^^
shop.cart.CartFull: too many
"""
NODE = """TypeError: Cannot read properties of undefined (reading 'x')
    at Object.parse (/app/lib/a.js:10:5)
    at async Router.handle [as go] (file:///app/lib/router.js:1:2)
    at /app/index.js:3:4"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: outer
\tat com.shop.Cart.add(Cart.java:12)
Caused by: java.io.IOException: inner
\t... 2 more"""
GO = """panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
github.com/spf13/cobra.(*Command).execute(0xc0000, {0x1, 0x2})
\t/go/src/github.com/spf13/cobra/command.go:916 +0x1d
main.main()
\t/app/main.go:12 +0x20
exit status 2"""
RUST = """thread 'main' panicked at crates/core/main.rs:10:5:
index out of bounds
stack backtrace:
   1: rg::search::run::{{closure}}
             at ./crates/core/search.rs:44:9"""
OLDER_RUST = "thread 'main' panicked at 'oh, no', src/main.rs:10:5"
SANITIZER = """==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x60
    #0 0x4f in redisFree /src/hiredis.c:12:5
    #1 0x50 in main(int) /src/test.c:3:1"""
GDB = "#0  redisFree (c=0x0) at hiredis.c:12\n#1  0x0000 in main (argc=1, argv=0x7) at test.c:99"
NET = """Unhandled exception. System.NullReferenceException: Object reference not set
   at Shop.Cart.Add(Item item) in C:\\src\\Shop\\Cart.cs:line 12"""
COMPILER = "src/a.c:12:5: error: expected ';' before '}' token"
RUBY = "app/cart.rb:12:in `add': wrong (ArgumentError)\n\tfrom app/main.rb:3:in `<main>'"


@pytest.mark.parametrize(
    ("text", "error", "first", "count"),
    [
        (PYTHON, "shop.cart.CartFull: too many", ("/srv/app/shop/cart.py", 7, "add_item"), 2),
        (
            NODE,
            "TypeError: Cannot read properties of undefined (reading 'x')",
            ("/app/lib/a.js", 10, "parse"),
            3,
        ),
        (JAVA, "java.io.IOException: inner", ("com/shop/Cart.java", 12, "add"), 1),
        (
            GO,
            "panic: runtime error: index out of range [5] with length 3",
            ("/go/src/github.com/spf13/cobra/command.go", 916, "execute"),
            2,
        ),
        (RUST, "panicked: index out of bounds", ("crates/core/main.rs", 10, ""), 2),
        (OLDER_RUST, "panicked: oh, no", ("src/main.rs", 10, ""), 1),
        (
            SANITIZER,
            "AddressSanitizer: heap-use-after-free on address 0x60",
            ("/src/hiredis.c", 12, "redisFree"),
            2,
        ),
        (GDB, "", ("hiredis.c", 12, "redisFree"), 2),
        (
            NET,
            "System.NullReferenceException: Object reference not set",
            ("C:\\src\\Shop\\Cart.cs", 12, "Add"),
            1,
        ),
        (COMPILER, "error: expected ';' before '}' token", ("src/a.c", 12, ""), 1),
        (RUBY, "ArgumentError: wrong", ("app/cart.rb", 12, "add"), 2),
    ],
)
def test_each_language_is_read(
    text: str, error: str, first: tuple[str, int, str], count: int
) -> None:
    trace = read_trace(text)
    frame = trace.frames[0]
    assert (trace.sentence, len(trace.frames)) == (error, count)
    assert (frame.path, frame.line, frame.function) == first
    assert looks_broken(text)


def test_python_quotes_its_lines_and_ends_where_it_failed() -> None:
    assert [frame.quoted for frame in read_trace(PYTHON).frames] == [
        "raise CartFull(item)",
        "run()",
    ]


def test_rust_and_go_name_the_function_on_the_line_before() -> None:
    assert read_trace(RUST).frames[1] == Frame("./crates/core/search.rs", 44, "run")
    assert read_trace(GO).frames[1].function == "main"


@pytest.mark.parametrize(
    "text",
    [
        "How are items added to the cart?",
        "What does add_item(cart, item) do?",
        "Where is the error message for a full cart?",
        "Explain this:\n```python\nx = 1\ny = 2\n```",
        "",
    ],
)
def test_a_plain_question_pastes_nothing_broken(text: str) -> None:
    assert not looks_broken(text)


@pytest.mark.parametrize(
    "text",
    [
        "Fix this:\n```python\nx = 1\ny = x / 0\n```",
        "This does not work:\n\ndef add(cart):\n    cart.append(1)\n    return card\n",
        "shop/cart.py:7: error: no such name",
    ],
)
def test_code_with_a_complaint_is_broken(text: str) -> None:
    assert looks_broken(text)


@pytest.mark.parametrize(
    "text",
    [
        "at " + "a" * 100_000,
        " " * 500_000,
        "at " * 50_000,
        "#1 in " + "x(" * 50_000,
        ("at a.b(" * 300 + "\n") * 5000,
        'File "' * 50_000,
        "thread '" + "'" * 50_000,
        "a:" * 100_000 + "error: x",
        "\n" * 500_000,
        "```\n" * 50_000,
        "def f(:" * 50_000 + " fix the bug",
        "\0\x1b[31m\u202e" * 50_000,
    ],
    ids=range(12),
)
def test_no_text_costs_more_than_moments(text: str) -> None:
    started = time.thread_time()
    read_trace(text)
    looks_broken(text)
    assert time.thread_time() - started < 6.0


def test_of_ten_thousand_frames_the_ends_are_kept() -> None:
    frames = "\n".join(f"    at call{n} (/app/lib/a.js:{n}:1)" for n in range(1, 10_001))
    found = read_trace(f"RangeError: Maximum call stack size exceeded\n{frames}").frames
    assert len(found) == MOST_FRAMES
    assert (found[0].line, found[-1].line) == (1, 10_000)


@pytest.mark.parametrize("line", ["0", "99999999", "-4", "1e9"])
def test_a_line_that_no_file_has_is_no_frame(line: str) -> None:
    assert read_trace(f'  File "a.py", line {line}, in f').frames == ()
