"""What the programme asks (docs/programme.md), and which tests answer (docs/tests.md, and names)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
IDENTIFIER = re.compile(r"[A-HL]\d\d")
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")
TOLD = re.compile(r"^def (test_([a-hl]\d\d)_\w+)\(", re.M)
TOP_FOLDERS = (
    "appliance/", "inference/", "ansible/", "journeys/", "clients/", "programme/", "hostile/", "fuzzing/",
)  # fmt: skip


class Gate(StrEnum):
    """When a row is looked at; each gate holds the rows of the ones before it."""

    COMMIT = "commit"
    NIGHTLY = "nightly"
    RELEASE = "release"

    @property
    def gates(self) -> tuple[Gate, ...]:
        every = tuple(Gate)
        return every[: every.index(self) + 1]


@dataclass(frozen=True, slots=True)
class Row:
    """One test of the programme."""

    name: str  # A01
    gate: Gate
    does: str
    expected: str
    reason: str  # why it cannot run on one machine; empty: it can


@dataclass(frozen=True, slots=True)
class Proof:
    """The tests that answer for a row, and what they leave open."""

    tests: tuple[str, ...]  # as pytest takes them: a file, or file::function
    not_shown: str


def read_rows(folder: Path = ROOT / "docs") -> list[Row]:
    """Return the rows in their order; a wrong gate is a KeyError."""
    text = (folder / "programme.md").read_text("utf-8")
    reasons = {cells[0]: cells[1] for cells in _tables(text) if len(cells) == 2}
    return [
        Row(cells[0], Gate(cells[1]), cells[2], cells[3], reasons.get(cells[0], ""))
        for cells in _tables(text)
        if len(cells) == 4
    ]


def read_proofs(folder: Path = ROOT / "docs") -> dict[str, Proof]:
    """Return what tests.md and the names of tests say, by the name of the row."""
    proofs = _of_table((folder / "tests.md").read_text("utf-8"))
    for name, tests in _of_names().items():
        told = proofs.get(name, Proof((), ""))
        new = [test for test in tests if test not in told.tests and _file(test) not in told.tests]
        proofs[name] = Proof((*told.tests, *new), told.not_shown)
    return proofs


def _tables(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and IDENTIFIER.fullmatch(cells[0]):
            yield cells


def _of_table(text: str) -> dict[str, Proof]:
    proofs: dict[str, Proof] = {}
    before: tuple[str, ...] = ()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 4:
            continue
        tests = tuple(_path(file, name) for file, name in NAMED.findall(cells[2]))
        before = (*before, *tests) if cells[2].startswith("the same") else tests
        if IDENTIFIER.fullmatch(cells[0]):
            proofs[cells[0]] = Proof(before, cells[3])
    return proofs


def _path(file: str, name: str) -> str:
    path = f"tests/{'' if file.startswith(TOP_FOLDERS) else 'indexer/'}{file}"
    return f"{path}::{name}" if name else path


def _of_names() -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, row in TOLD.findall(path.read_text("utf-8")):
            test = f"{path.relative_to(ROOT).as_posix()}::{name}"
            named.setdefault(row.upper(), []).append(test)
    return named


def _file(test: str) -> str:
    return test.split("::", 1)[0]
