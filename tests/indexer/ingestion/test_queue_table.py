"""The table of the test programme names tests that there are."""

from __future__ import annotations

import ast
import re

from tests.processes import ROOT

ELSEWHERE = ("appliance/", "inference/", "hostile/", "fuzzing/")
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_every_test_that_the_table_names_exists() -> None:
    named = NAMED.findall((ROOT / "docs/tests.md").read_text("utf-8"))
    assert len(named) > 100
    wrong = []
    for file, name in named:
        path = ROOT / "tests" / ("" if file.startswith(ELSEWHERE) else "indexer") / file
        tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
        if name not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
            wrong.append(f"{file}::{name}")
    assert wrong == []


def test_every_row_of_the_programme_is_in_the_table() -> None:
    rows = re.findall(r"^\| ([ABG]\d\d) \|", (ROOT / "docs/tests.md").read_text("utf-8"), re.M)
    of_queue = (*range(1, 14), *range(15, 22))
    expected = [f"A{n:02}" for n in range(1, 21)] + [f"B{n:02}" for n in range(1, 19)]
    assert rows == expected + [f"G{n:02}" for n in of_queue] + ["G14"]
