"""CODEOWNERS as git hosts read it: the last pattern that fits a path decides."""

from __future__ import annotations

import time

import pytest

from indexer.reading.owners import owners_of

FILE = """\
# who owns what
*            @all
*.js         @web  # and nobody else
/docs/       docs@example.com
apps/        @org/apps
/build/logs/ @build
docs/*       @flat
src/**/api   @api
/free/
[Section]
odd @ok not!an@owner @also-ok
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("@all",)),
        ("a/b/c.js", ("@web",)),
        ("docs/a.md", ("@flat",)),
        ("docs/deep/a.md", ("docs@example.com",)),
        ("x/apps/y/z.py", ("@org/apps",)),
        ("build/logs/today", ("@build",)),
        ("x/build/logs/today", ("@all",)),
        ("src/a/b/api/x.go", ("@api",)),
        ("free/x", ()),
        ("odd", ("@ok", "@also-ok")),
    ],
)
def test_the_last_pattern_that_fits_decides(path: str, owners: tuple[str, ...]) -> None:
    assert owners_of(FILE, path) == owners


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", "@only-an-owner", "[a", "!x @no"])
def test_a_file_without_a_rule_for_it_names_nobody(text: str) -> None:
    assert owners_of(text, "x") == ()


def test_a_hostile_file_is_read_in_bounded_time() -> None:
    text = "*a*a*a*a*a*a*a*a*a*a*b @x\n" * 5000 + "(" * 100_000 + " @y\n" + "*" * 1000 + " @z\n"
    started = time.process_time()
    assert owners_of(text, "a" * 2000) == ()
    assert time.process_time() - started < 10
