"""The scripts and sums of the benchmarks of answers: what they count must be what was there."""

from __future__ import annotations

import json
from pathlib import Path

from appliance.conversations.prompting.pair_prompts import plan_request
from appliance.local.bench_found import Asked, told
from appliance.local.cited_answers import summed
from appliance.local.scripted_plans import PlanningModel
from appliance.local.seeded_bugs import seed
from inference.protocol import ChatMessage
from tests.gitrepos import make_repository

PLACES = [
    "P1 shop/a.py lines 1-9 `Cart.add`: def add",
    "P2 shop/a.py lines 20-30",
    "P3 shop/b.c lines 1-2",
]


def planned(places: list[str], *taken: str) -> dict[str, str]:
    request = plan_request("How?", places, taken, 4)
    said = PlanningModel().answer((ChatMessage("system", "x"), ChatMessage("user", request)))
    return dict(json.loads(said))


def test_the_scripted_planner_looks_for_uses_then_reads_another_file_then_writes() -> None:
    first, second, third = "Searched: 3", "Looked for uses of add: 2", "Read shop/b.c"
    assert planned(PLACES, first) == {"action": "references", "text": "add"}
    assert planned(PLACES, first, second)["place"] == "P3"
    assert planned(PLACES, first, second, third)["action"] == "write"
    assert planned([], first)["action"] == "write"


def test_the_scripted_writer_cites_all_that_it_was_given() -> None:
    prompt = "[E1] a lines 1-2\n```\nx\n```\n[E2] b lines 1-2\n```\ny\n```\n\nAnswer."
    assert PlanningModel().answer((ChatMessage("user", prompt),)) == "It stands here [E1][E2]."


def test_right_and_wrong_are_counted_for_both_kinds_of_question() -> None:
    figures = told([
        Asked("a", "k", True, "near", 0.5),
        Asked("b", "k", True, "", 0.1),
        Asked("c", "k", False, "", 0.1),
        Asked("d", "k", False, "words", 0.1),
    ])  # fmt: skip
    assert (figures["answered"], figures["answerable"]) == (1, 2)
    assert (figures["refused"], figures["unanswerable"]) == (1, 2)
    assert figures["wrong"] == ["b", "d"]
    assert (figures["bases_right"], figures["bases_wrong"]) == ({"near": 1}, {"words": 1})


def test_answers_without_words_count_as_asked_and_not_as_answers() -> None:
    numbers = dict.fromkeys(
        ("made", "kept", "moved", "struck", "supported", "doubtful", "unsupported",
         "unknown_names", "checked_citations"), 2,
    )  # fmt: skip
    rest = {"not_found": False, "error": "", "outcomes": {}, "compile_ms": 4.0, "guard_ms": 1.0}
    answer = {**numbers, **rest, "answered": True, "seconds": 3.0, "failed": ["other lines: x"]}
    silent = {**answer, "answered": False, "not_found": True, "failed": []}
    figures = summed([answer, silent])
    assert (figures["asked"], figures["answers"], figures["not_found"]) == (2, 1, 1)
    assert (figures["made"], figures["failed_checks"]) == (2, 1)
    assert figures["with_a_citation"] == 0  # as many were struck as made
    assert figures["compile_ms_median"] == 4.0


def test_no_fault_is_seeded_where_anything_parses(tmp_path: Path) -> None:
    """A line of a shell script in a Python string: no patch of it could be told to be broken."""
    code = ["def source():", "    total = 1", "    more = 2", "    rest = 3"]
    script = ['    return """', "    while first == second; do true", '    """']
    for name, lines in (("script", code + script), ("code", [*code, "    return total == rest"])):
        tree = tmp_path / name
        make_repository(tree, {"a.py": "\n".join([*lines, ""])})
        assert len(seed({name: tree}, 1)) == (name == "code")
