"""The size limits of the house style, and rules that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("appliance", "clients", "indexer", "inference", "tests")
MODULE_LINES, FUNCTION_LINES = 400, 60
TEST_MODULE_LINES = 700  # tables of cases may be longer
# Folders of the machines on which this was written; none of them means anything to a reader.
MACHINE_PATHS = re.compile(r"/(root|home/[a-z]+|Users/\w+)/[\w.]")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@cache
def modules() -> tuple[tuple[str, str, ast.Module], ...]:
    return tuple(
        (str(path.relative_to(ROOT)), text, ast.parse(text))
        for path in tracked(*(f"{package}/**/*.py" for package in PACKAGES))
        if (text := path.read_text(encoding="utf-8")).strip() and "migrations" not in path.parts
    )


def test_modules_are_small() -> None:
    long = {
        name: lines
        for name, text, _ in modules()
        if (lines := text.count("\n"))
        > (TEST_MODULE_LINES if name.startswith("tests/") else MODULE_LINES)
    }
    assert long == {}


def test_functions_are_small() -> None:
    long = {
        f"{name}:{node.lineno} {node.name}": lines
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_every_module_says_why_it_exists() -> None:
    assert [name for name, _, tree in modules() if not ast.get_docstring(tree)] == []


def test_there_are_modules_to_look_at() -> None:
    assert len(list(modules())) > 50


@pytest.mark.parametrize("text", ["see /home/alice/code", "/Users/bob/x"])
def test_the_pattern_of_machine_paths_finds_them(text: str) -> None:
    assert MACHINE_PATHS.search(text)


def test_nothing_names_a_folder_of_one_machine() -> None:
    this = Path(__file__).resolve()
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked("*.py", "*.md", "*.toml", "*.yml", "*.yaml", "*.sh", "Makefile")
        if path != this
        for match in MACHINE_PATHS.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
