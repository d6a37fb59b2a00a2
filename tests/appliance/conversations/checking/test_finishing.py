"""After the last word: doubts that the model settles, and one pass without made-up names."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from appliance.conversations.answering.events import Answered, Question
from appliance.conversations.answering.flow import answer
from appliance.conversations.checking.support import Verdict
from appliance.conversations.prompting.budget import Budget, Checking
from appliance.sources.operators import scope_for
from indexer import clients
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Mode, Script
from tests.appliance.conversations.conftest import FILES
from tests.conftest import SourceFactory

BUDGET = Budget(4096, 3000, 512, checking=Checking(doubts=2, repair_s=5))
ADD = "How does add_item add an item to the cart?"
MELTS = "Yoghurt melts soon in summer [E1]. "
FROB = "`add_item` adds to the cart [E1]. It calls `frobnicate()` too [E1]."


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def end_for(budget: Budget = BUDGET) -> Answered:
    question = Question(ADD, scope_for(None), cache_salt="a" * 64)
    *_, end = answer(question, client=clients.chat, budget=lambda client: budget)
    assert isinstance(end, Answered)
    return end


def verdicts(end: Answered) -> list[Verdict]:
    return [one.verdict for one in end.compiled.judgements]


def asked(server: FakeServer) -> list[dict[str, object]]:
    return [r for r in server.model.received if r["path"] == "/v1/chat/completions"]


def test_a_doubt_that_the_model_confirms_is_supported(shop: Source, models: FakeServer) -> None:
    models.model.script = Script(text=MELTS, chosen="yes")
    end = end_for()
    assert verdicts(end) == [Verdict.SUPPORTED]
    assert len(end.compiled.cited) == 1


def test_a_doubt_that_the_model_denies_costs_the_citation(shop: Source, models: FakeServer) -> None:
    models.model.script = Script(text=MELTS, chosen="no")
    end = end_for()
    assert verdicts(end) == [Verdict.UNSUPPORTED]
    assert (end.compiled.cited, end.compiled.struck) == ((), 1)


def test_only_so_many_doubts_are_asked_about_and_each_for_one_word(
    shop: Source, models: FakeServer
) -> None:
    models.model.script = Script(text=MELTS * 4, chosen="yes")
    end = end_for()
    assert verdicts(end) == [Verdict.SUPPORTED] * 2 + [Verdict.DOUBTFUL] * 2
    questions = [r for r in asked(models) if "structured_outputs" in r]
    assert [r["structured_outputs"] for r in questions] == [{"choice": ["yes", "no"]}] * 2
    assert all(r["cache_salt"] == "a" * 64 for r in questions)


def test_doubts_can_be_left_alone(shop: Source, models: FakeServer) -> None:
    models.model.script = Script(text=MELTS, chosen="no")
    assert verdicts(end_for(replace(BUDGET, checking=Checking()))) == [Verdict.DOUBTFUL]
    assert len(asked(models)) == 1


def test_made_up_names_are_written_out_in_one_pass(shop: Source, models: FakeServer) -> None:
    models.model.script = Script(text=FROB, repaired="`add_item` adds to the cart [E1].")
    end = end_for()
    assert end.text == "`add_item` adds to the cart [E1]."
    assert (end.compiled.unknown, verdicts(end)) == ((), [Verdict.SUPPORTED])
    assert end.receipt.repaired
    assert "`frobnicate`" in str(asked(models)[-1]["messages"])


@pytest.mark.parametrize(
    "worse",
    [
        FROB,
        "It calls `frobnicate` and `quuxify` [E1].",
        "I do not know.",
        "`add_item` [E1]. It calls `CartFull`, `x.py`, 12 [E1]. And 13 `y.py` [E1].",
        "   ",
    ],
    ids=["same", "more", "none", "unsupported", "empty"],
)
def test_a_pass_that_makes_nothing_better_is_thrown_away(
    worse: str, shop: Source, models: FakeServer
) -> None:
    models.model.script = Script(text=FROB, repaired=worse)
    end = end_for()
    assert end.text == FROB
    assert end.compiled.unknown == ("frobnicate",)
    assert not end.receipt.repaired


def test_a_pass_that_takes_too_long_is_left(shop: Source, models: FakeServer) -> None:
    models.model.script = Script(mode=Mode.SLOW, text=FROB, repaired="word " * 200, pause_s=0.05)
    started = time.monotonic()
    end = end_for(replace(BUDGET, checking=Checking(repair_s=0.3)))
    assert (end.text, end.receipt.repaired) == (FROB, False)
    assert time.monotonic() - started < 15


def test_a_pass_that_does_not_fit_the_window_is_not_asked_for(
    shop: Source, models: FakeServer
) -> None:
    models.model.script = Script(text=FROB + " word" * 240, repaired="Short [E1].")
    end = end_for(Budget(700, 600, 300, checking=Checking(repair_s=5)))
    assert not end.receipt.repaired
    assert len(asked(models)) == 1


def test_of_an_answer_that_broke_off_nothing_more_is_asked(
    shop: Source, models: FakeServer
) -> None:
    models.model.script = Script(text=FROB + " word" * 600, repaired="Short [E1].")
    end = end_for()
    assert end.error.startswith("The answer reached its length limit")
    assert end.compiled.unknown == ("frobnicate",)
    assert len(asked(models)) == 1


def test_handles_can_be_fenced_and_a_server_that_refuses_is_asked_without(
    shop: Source, models: FakeServer
) -> None:
    fenced = replace(BUDGET, checking=Checking(), fenced_handles=True)
    end_for(fenced)
    (request,) = asked(models)
    assert '"triggers": ["[E1"' in str(request["structured_outputs"])
    models.model.received.clear()
    models.model.script = Script(can_fence=False)
    assert end_for(fenced).compiled.cited
    assert end_for(fenced).compiled.cited
    assert ["structured_outputs" in one for one in asked(models)] == [True, False, False]


def test_a_small_models_opened_lines_keep_their_citations_whatever_follows(
    shop: Source, models: FakeServer
) -> None:
    text = "`add_item` in shop/cart.py [E1] frees the `frobnicate` of it."
    models.model.script = Script(text=text)
    end = end_for(replace(BUDGET, opened_lines=True, checking=Checking()))
    assert verdicts(end) == [Verdict.UNSUPPORTED]
    assert [piece.path for piece in end.compiled.cited] == ["shop/cart.py"]
    assert end.compiled.unknown == ("frobnicate",)
