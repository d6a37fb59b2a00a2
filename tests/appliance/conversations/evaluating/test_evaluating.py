"""Answers measured: the two-by-two, facts, citations, "not found", a judge, what is written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.evaluating.asking import Given
from appliance.conversations.evaluating.grading import Grade, grade
from appliance.conversations.evaluating.questions import AnswerQuestion, read_questions
from appliance.conversations.evaluating.summary import Summary
from appliance.conversations.evidence import CitedDocument
from indexer import clients
from indexer.evaluation.golden import Gold, GoldenQuestion, GoldenSetInvalid
from indexer.models import Source
from indexer.spans import Span
from inference.fake_server import FakeServer, serving
from inference.testing import Mode, Script
from tests.appliance.conversations.pieces import piece
from tests.conftest import SourceFactory

CART = 'def add_item(cart):\n    """Add an item to the cart, at most forty."""\n    return cart\n'
ENTRIES: list[dict[str, object]] = [
    {
        "id": "good",
        "query": "How does add_item add an item to the cart?",
        "source": "shop",
        "gold": [{"path": "cart.py", "start": 1, "end": 3}],
        "facts": ["add_item", ["forty", "is defined"]],
    },
    {
        "id": "lacking",
        "query": "What is the limit of add_item for a cart?",
        "source": "shop",
        "gold": [{"path": "cart.py", "start": 1, "end": 2}],
        "facts": ["one hundred"],
    },
    {
        "id": "astray",
        "query": "How does add_item put an item into the cart?",
        "source": "shop",
        "gold": [{"path": "nowhere.py"}],
    },
    {"id": "nothing", "query": "Which weather comes on Sunday evening?", "answerable": False},
]


def asked(**more: Any) -> AnswerQuestion:
    golden = GoldenQuestion("1", "How?", "shop", (Gold("shop/cart.py", Span(20, 40)),))
    return AnswerQuestion(golden, **more)


def given(question: AnswerQuestion, text: str = "", **more: Any) -> Given:
    values: dict[str, Any] = {
        "found": (), "context": (), "cited": (), "judgements": (), "not_found": False,
        "error": "", "seconds": 0.1,
    }  # fmt: skip
    return Given(question, text, **{**values, **more})


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in ENTRIES))
    return path


@pytest.fixture
def shop(source_factory: SourceFactory, models: FakeServer, settings: Settings) -> Source:
    settings.REPAIR_TIME_LIMIT_S = 0
    return source_factory("shop", {"cart.py": CART, "README.md": "# Shop\n\nIt sells.\n"})


@pytest.fixture
def judge(settings: Settings) -> Iterator[Callable[[Script], FakeServer]]:
    """Serve a judge of its own beside the model that answers."""
    opened: list[Any] = []

    def make(script: Script) -> FakeServer:
        context = serving(script)
        opened.append(context)
        server: FakeServer = context.__enter__()
        settings.JUDGE_URL = server.url
        clients.close()
        return server

    yield make
    for context in opened:
        context.__exit__(None, None, None)
    clients.close()


def evaluated(
    capsys: pytest.CaptureFixture[str], golden: Path, *more: str
) -> tuple[list[str], dict[str, Any]]:
    call_command("evaluate", str(golden), "--answers", "--json", *more)
    lines = capsys.readouterr().out.splitlines()
    return lines, json.loads(lines[-1])[golden.name]


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_the_command_prints_the_table_and_writes_every_answer(
    capsys: pytest.CaptureFixture[str], shop: Source, golden: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results.jsonl"
    lines, table = evaluated(capsys, golden, "--out", str(out))
    assert table["questions"] == 4
    assert table["context_good_answer_good"] == 1
    assert table["context_good_answer_bad"] == 1
    assert table["context_bad_answer_good"] == 0
    assert table["context_bad_answer_bad"] == 1
    assert (table["facts"], table["facts_found"]) == (3, 2)
    assert (table["unanswerable"], table["not_found_right"]) == (1, 1)
    assert (table["answerable"], table["not_found_wrong"]) == (3, 0)
    assert table["citations_made"] >= 3
    assert table["judged"] == 0
    assert any(line.split() == ["context", "good", "1", "1"] for line in lines)
    # And which they are: what is to be done about them is not the same.
    assert "Read and answered badly (the model, or the prompt): lacking" in lines
    assert "Not read (the search): astray" in lines
    assert any(line.startswith("1 of 4 questions tell not both") for line in lines)
    assert any(line.startswith("facts contained") for line in lines)
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["id"] for one in written] == ["good", "lacking", "astray", "nothing"]
    assert list(written[0])[:2] == ["id", "hits"]
    hit = written[0]["hits"][0]
    assert set(hit) == {
        "source", "path", "commit", "start_line", "end_line", "symbol", "score", "legs",
    }  # fmt: skip
    assert "add_item" in written[0]["answer"]
    assert written[0]["citations"][0]["path"] == "cart.py"
    assert written[3]["not_found"] is True


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_a_judge_is_asked_at_temperature_zero_for_one_word(
    capsys: pytest.CaptureFixture[str],
    shop: Source,
    golden: Path,
    judge: Callable[[Script], FakeServer],
) -> None:
    server = judge(Script(chosen="yes"))
    _, table = evaluated(capsys, golden)
    assert (table["judged"], table["judged_good"]) == (3, 3)
    assert (table["judge_compared"], table["judge_agrees"]) == (2, 1)
    assert table["context_bad_answer_good"] == 1  # of a question without facts the judge decides
    requests = [one for one in server.model.received if one["path"] == "/v1/chat/completions"]
    assert len(requests) == 3
    assert {one["temperature"] for one in requests} == {0.0}
    asked_about = str(requests[0]["messages"])
    assert "How does add_item add an item" in asked_about
    assert "forty or is defined" in asked_about
    assert "at most forty" in asked_about  # the golden lines


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
@pytest.mark.parametrize("script", [Script(mode=Mode.HTTP500), Script(text="perhaps")])
def test_a_judge_that_does_not_say_yes_or_no_counts_for_nothing(
    script: Script,
    capsys: pytest.CaptureFixture[str],
    shop: Source,
    golden: Path,
    judge: Callable[[Script], FakeServer],
) -> None:
    judge(replace(script, chosen="perhaps") if script.text else script)
    _, table = evaluated(capsys, golden)
    assert table["judged"] == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_without_a_model_the_context_is_what_was_found_and_no_answer_is_good(
    capsys: pytest.CaptureFixture[str], shop: Source, golden: Path, settings: Settings
) -> None:
    settings.CHAT_URL = "none"
    clients.close()
    _, table = evaluated(capsys, golden)
    assert table["context_good_answer_bad"] == 2
    assert table["context_good_answer_good"] == 0
    assert table["failed"] == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_it_is_asked_as_a_person_and_refused_in_sentences(
    shop: Source, golden: Path, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="nobody"):
        call_command("evaluate", str(golden), "--answers", "--user", "nobody")
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{}\n")
    with pytest.raises(CommandError, match="line 1"):
        call_command("evaluate", str(broken), "--answers")
    with pytest.raises(CommandError):
        call_command("evaluate", str(tmp_path / "absent.jsonl"), "--answers")


@pytest.mark.parametrize(
    ("text", "facts", "found"),
    [
        ("At most `FORTY`\n items.", [["forty items"]], 1),
        ("At most forty.", [["fifty", "forty"], ["thirty"]], 1),
        ("At most forty.", [["four"]], 0),
        ("", [["x"]], 0),
    ],
)
def test_facts_are_looked_for_whatever_the_case_and_the_spaces(
    text: str, facts: list[list[str]], found: int
) -> None:
    question = asked(facts=tuple(tuple(choices) for choices in facts))
    graded = grade(given(question, text))
    assert graded.facts_found == found
    assert graded.is_answer_good == (found == len(facts))


def test_context_and_citations_count_by_lines() -> None:
    near, far = piece("E1", 35, 60), piece("E2", 41, 60)
    assert grade(given(asked(), "x", context=(far, near))).is_context_good
    assert not grade(given(asked(), "x", context=(far,))).is_context_good
    assert grade(given(asked(), "x", cited=(near,))).is_answer_good
    assert not grade(given(asked(), "x", cited=(far,))).is_answer_good
    elsewhere = replace(near, source="store")
    assert not grade(given(asked(), "x", context=(elsewhere,))).is_context_good
    assert grade(given(AnswerQuestion(GoldenQuestion("1", "?", None, ())), "x")) == Grade(
        AnswerQuestion(GoldenQuestion("1", "?", None, ())),
        None, None, 0, grade(given(asked())).counts, False, None, None, False,
    )  # fmt: skip


def test_not_found_is_right_only_where_nothing_answers() -> None:
    unanswerable = asked(is_answerable=False)
    assert grade(given(unanswerable, not_found=True)).is_answer_good
    assert not grade(given(unanswerable, "Forty.")).is_answer_good
    wrongly = grade(given(asked(facts=(("forty",),)), not_found=True), judged=True)
    assert wrongly.is_answer_good is False
    assert not wrongly.is_not_found_right


def test_citations_are_counted_over_all_answers() -> None:
    shown = piece("E1", 10, 12)
    document = CitedDocument.of("\n" * 9 + shown.text)
    judgements = judge_answer(
        "It is `line 11` [E1]. It is `nowhere_at_all` [E1].", {"E1": shown}, lambda _: document
    )
    summary = Summary.over([grade(given(asked(), "x", judgements=tuple(judgements)))] * 2)
    assert (summary.made, summary.struck, summary.checked, summary.supported) == (4, 2, 4, 2)


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "7",
        '{"id": "1"}',
        '{"id": "1", "query": "q", "facts": [[]]}',
        '{"id": "1", "query": "q", "facts": [7]}',
        '{"id": "1", "query": "q", "facts": [" "]}',
        '{"id": "1", "query": "q", "gold": "x"}',
        '{"id": "1", "query": "q", "gold": [{"path": "x", "start": 9, "end": 2}]}',
        "not json",
    ],
)
def test_a_wrong_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text(f'{{"id": "0", "query": "q"}}\n{line}\n')
    with pytest.raises(GoldenSetInvalid, match="line 2"):
        read_questions(path)


def test_the_shipped_sets_can_be_asked() -> None:
    folder = Path(__file__).parents[4] / "golden"
    natural = read_questions(folder / "natural-validation.jsonl")
    assert len(natural) == 40
    assert all(one.golden.gold for one in natural)
    answerable = read_questions(folder / "answerable.jsonl")
    assert sum(not one.is_answerable for one in answerable) == 60
