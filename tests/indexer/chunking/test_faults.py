"""Where a text is no proper text of its language."""

from __future__ import annotations

import pytest

from indexer.chunking.faults import MOST_FAULTS, fault_lines
from indexer.chunking.registry import GRAMMARS

GOOD = {
    "python": "def f(x):\n    return x\n",
    "javascript": "function f(x) {\n  return x;\n}\n",
    "typescript": "function f(x: number): number {\n  return x;\n}\n",
    "tsx": "const f = () => <b>x</b>;\n",
    "go": "package a\n\nfunc f(x int) int {\n\treturn x\n}\n",
    "rust": "fn f(x: i32) -> i32 {\n    x\n}\n",
    "c": "int f(int x) {\n    return x;\n}\n",
    "cpp": "int f(int x) {\n    return x;\n}\n",
    "java": "class A {\n    int f(int x) { return x; }\n}\n",
    "csharp": "class A {\n    int F(int x) { return x; }\n}\n",
    "kotlin": "fun f(x: Int): Int {\n    return x\n}\n",
    "php": "<?php\nfunction f(int $x): int {\n    return $x;\n}\n",
    "ruby": "def f(x)\n  x\nend\n",
    "shell": 'f() {\n  echo "$1"\n}\n',
}


def test_every_language_that_is_parsed_is_here() -> None:
    assert set(GOOD) == set(GRAMMARS)


@pytest.mark.parametrize("language", sorted(GOOD))
def test_a_bracket_too_many_is_found(language: str) -> None:
    assert fault_lines(GOOD[language], language) == []
    assert fault_lines(f"{GOOD[language]}\n((( \n", language)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f():\n    x = 1\n      y = 2\n", [3]),
        ("def f():\nreturn 1\n", [2]),
        ("return = 1\n", [1]),
        ("x = '\\d'\n", []),
        ("\0", [1]),
    ],
)
def test_python_minds_indentation(text: str, lines: list[int]) -> None:
    assert fault_lines(text, "python") == lines


def test_what_nobody_can_parse_is_not_judged() -> None:
    assert fault_lines("(((", "cobol") is None
    assert fault_lines("[" * 5000, "javascript") is None


def test_very_many_faults_are_counted_to_a_limit() -> None:
    found = fault_lines("int = = ;\n" * 5000, "c")
    assert found is not None
    assert 0 < len(found) <= MOST_FAULTS
