"""The pages about security name tests, files and rows of the programme that there are."""

from __future__ import annotations

import re

import pytest

from tests.programme.rows import ROOT, read_rows

PAGES = ("security", "security-asvs", "security-llm")
PATHS = re.compile(
    r"`((?:tests|appliance|indexer|inference|ansible|docs|golden|requirements)/[^`*]*)`"
)
ROWS = re.compile(r"\b([A-HL]\d\d)\b(?!:)")
RANGE = re.compile(r"\b([A-HL])(\d\d) to [A-HL](\d\d)\b")
LINE = re.compile(r"^\| V(\d+\.\d+\.\d+) \| ([12]) \| [^|]+ \| ([a-z ]+) \| (.+) \|$", re.M)


def text_of(page: str) -> str:
    return (ROOT / f"docs/{page}.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = PATHS.findall(text_of(page))
    assert len(named) > 3
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_row_that_is_named_is_of_the_programme(page: str) -> None:
    known = {row.name for row in read_rows()}
    text = text_of(page)
    ends = [f"{part}{end}" for part, *both in RANGE.findall(text) for end in both]
    assert set(ROWS.findall(text)) | set(ends) <= known


def test_every_requirement_of_both_levels_has_an_answer() -> None:
    lines = LINE.findall(text_of("security-asvs"))
    assert len(lines) == len({number for number, *_ in lines}) == 253
    assert [level for _, level, *_ in lines].count("1") == 70
    answers = {answer for _, _, answer, _ in lines}
    assert answers == {"holds", "in part", "does not hold", "does not apply"}


def test_the_counts_at_the_top_are_those_of_the_lines() -> None:
    text = text_of("security-asvs")
    lines = [answer for _, _, answer, _ in LINE.findall(text)]
    for answer in set(lines):
        assert f"| {answer} | {lines.count(answer)} |" in text


def test_every_risk_of_the_models_has_a_line() -> None:
    risks = re.findall(r"^\| (LLM\d\d) \|", text_of("security-llm"), re.M)
    assert risks == [f"LLM{number:02}" for number in range(1, 11)]
