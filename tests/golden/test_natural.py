"""The natural questions: their form, and (with the repositories) their gold lines.

The second half needs the git bundles that golden/README.md names, in the folder that
PLUMBLINE_CORPORA names; without it these tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from indexer.evaluation.golden import GoldenQuestion, read_golden
from indexer.spans import Span
from tests.golden.naming import code_like, defined_in, names_an_identifier

CORPORA = "PLUMBLINE_CORPORA"
KINDS = {"how", "where", "why", "breaks"}
SPAN_LINES = range(5, 61)

LinesAt = Callable[[str, str, str], list[str]]


@dataclass(frozen=True)
class GoldenSet:
    file: str
    prefix: str  # of the ids
    sources: tuple[str, ...]
    per_source: int

    @property
    def path(self) -> Path:
        return Path(__file__).parents[2] / "golden" / self.file

    def questions(self) -> list[GoldenQuestion]:
        return read_golden(self.path)

    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]

    def of(self, source: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries() if entry["source"] == source]


FINAL = GoldenSet(
    "natural.jsonl", "natural", ("click", "cobra", "express", "hiredis", "ripgrep"), per_source=12
)
VALIDATION = GoldenSet(
    "natural-validation.jsonl", "validation", ("flask", "gin", "fastify", "fd"), per_source=10
)
SETS = [FINAL, VALIDATION]

each_set = pytest.mark.parametrize("golden", SETS, ids=[one.prefix for one in SETS])
each_source = pytest.mark.parametrize(
    ("golden", "source"),
    [pytest.param(one, source, id=source) for one in SETS for source in one.sources],
)
needs_repositories = pytest.mark.skipif(
    not os.environ.get(CORPORA), reason=f"{CORPORA} names no folder of bundles"
)


@each_set
def test_there_are_so_many_questions_for_each_repository(golden: GoldenSet) -> None:
    assert Counter(question.source for question in golden.questions()) == dict.fromkeys(
        golden.sources, golden.per_source
    )


@each_set
def test_ids_and_questions_occur_once(golden: GoldenSet) -> None:
    assert [entry["id"] for entry in golden.entries()] == [
        f"{golden.prefix}-{source}-{number:02}"
        for source in golden.sources
        for number in range(1, golden.per_source + 1)
    ]
    queries = {question.query for question in golden.questions()}
    assert len(queries) == len(golden.questions())


def test_the_sets_share_no_repository() -> None:
    assert set(FINAL.sources).isdisjoint(VALIDATION.sources)


@each_source
def test_every_kind_is_asked_at_one_commit_of_each_repository(
    golden: GoldenSet, source: str
) -> None:
    assert {entry["kind"] for entry in golden.of(source)} == KINDS
    assert len({entry["base"] for entry in golden.of(source)}) == 1


@each_source
def test_at_most_a_third_names_an_identifier(golden: GoldenSet, source: str) -> None:
    naming = sum(entry["names_identifier"] for entry in golden.of(source))
    assert naming <= golden.per_source // 3


@each_set
def test_code_in_a_question_is_declared(golden: GoldenSet) -> None:
    hidden = {
        entry["id"]: code_like(entry["query"])
        for entry in golden.entries()
        if not entry["names_identifier"] and code_like(entry["query"])
    }
    assert hidden == {}


@each_set
def test_gold_is_one_to_three_tight_spans_that_do_not_overlap(golden: GoldenSet) -> None:
    for question in golden.questions():
        spans = [(gold.path, gold.span) for gold in question.gold]
        assert 1 <= len(spans) <= 3, question.id
        for number, (path, span) in enumerate(spans):
            assert span is not None, question.id
            assert span.end_line - span.start_line + 1 in SPAN_LINES, f"{question.id}: {span}"
            for other_path, other in spans[:number]:
                assert path != other_path or not other or not span.overlaps(other), question.id


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What does ctx_args hold?", ["ctx_args"]),
        ("When is CliRunner used?", ["CliRunner"]),
        ("Which address is req.ip?", ["req.ip"]),
        ("What does --pre start?", ["--p"]),
        ("May I call main() twice?", ["n("]),
        ("Why does Ctrl+C not stop a half-written OPTIONS request of Windows?", []),
    ],
)
def test_code_is_told_from_words(question: str, found: list[str]) -> None:
    assert code_like(question) == found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("class Editor:\n    def edit(self, text): ...", {"Editor", "edit"}),
        ("func (c *Command) Find(args []string) error {", {"Find"}),
        ("static char *readLine(redisReader *r, int *_len) {", {"readLine"}),
        ("pub(crate) fn errored() -> bool {", {"errored"}),
        ("res.send = function send(body) {", {"send"}),
        ("file = open(name)\nreturn file;", set()),
        ("A function that takes a type byte,\nor a class of (small) things.", set()),
    ],
)
def test_definitions_of_each_language_are_found(text: str, names: set[str]) -> None:
    assert defined_in(text) == names


@pytest.fixture(scope="module")
def lines_at(tmp_path_factory: pytest.TempPathFactory) -> LinesAt:
    """Return the lines of a file as it was at the commit the questions were written on."""
    folder = tmp_path_factory.mktemp("repositories")

    @cache
    def clone(source: str) -> Path:
        bundle = Path(os.environ[CORPORA]) / f"{source}.bundle"
        if not bundle.exists():
            pytest.skip(f"{bundle.name} is not in the folder")
        target = folder / source
        subprocess.run(["git", "clone", "-q", "--bare", bundle, target], check=True)
        return target

    @cache
    def lines(source: str, base: str, path: str) -> list[str]:
        shown = subprocess.run(
            ["git", "-C", clone(source), "show", f"{base}:{path}"],
            check=True,
            capture_output=True,
            text=True,
        )
        return shown.stdout.removesuffix("\n").split("\n")

    return lines


def gold_text(entry: dict[str, Any], lines_at: LinesAt) -> str:
    return "\n".join(
        line
        for gold in entry["gold"]
        for line in lines_at(entry["source"], entry["base"], gold["path"])[
            gold["start"] - 1 : gold["end"]
        ]
    )


@needs_repositories
@each_source
def test_every_span_lies_inside_its_file(golden: GoldenSet, source: str, lines_at: LinesAt) -> None:
    for entry in golden.of(source):
        for gold in entry["gold"]:
            lines = lines_at(source, entry["base"], gold["path"])
            span = Span(gold["start"], gold["end"])
            assert span.end_line <= len(lines), entry["id"]
            assert any(line.strip() for line in span.lines_of("\n".join(lines))), entry["id"]


@needs_repositories
@each_source
def test_what_names_an_identifier_is_declared(
    golden: GoldenSet, source: str, lines_at: LinesAt
) -> None:
    declared = {entry["id"]: entry["names_identifier"] for entry in golden.of(source)}
    assert declared == {
        entry["id"]: names_an_identifier(entry["query"], gold_text(entry, lines_at))
        for entry in golden.of(source)
    }
