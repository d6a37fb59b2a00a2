"""`manage.py ask`: what scripts read, what people read, and the exit code."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from appliance.accounts.models import User
from indexer import clients
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.appliance.conversations.conftest import FILES
from tests.conftest import SourceFactory

ADD = "How does add_item add an item to the cart?"


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def ask(*arguments: str) -> str:
    out = io.StringIO()
    call_command("ask", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def ask_json(*arguments: str) -> dict[str, Any]:
    return dict(json.loads(ask(*arguments, "--json")))


def test_the_json_has_the_keys_that_scripts_rely_on(shop: Source) -> None:
    answer = ask_json(ADD)
    assert set(answer) == {
        "answer", "citations", "checks", "not_found", "receipt", "steps", "patches", "usage",
        "seconds",
    }  # fmt: skip
    assert (answer["steps"], answer["patches"]) == ([], [])
    assert answer["checks"] == {
        "supported": 2, "doubtful": 0, "unsupported": 0, "uncited": 0, "made": 2, "moved": 0,
        "struck": 0, "unknown": [],
    }  # fmt: skip
    assert answer["not_found"] is False
    assert set(answer["usage"]) == {"prompt_tokens", "completion_tokens"}
    citation = answer["citations"][0]
    assert set(citation) == {
        "handle", "source", "path", "commit", "start_line", "end_line", "state",
    }  # fmt: skip
    assert citation["state"] == "verified"
    assert f"[{citation['handle']}]" in answer["answer"]


def test_each_citation_says_what_git_says(shop: Source, tmp_path: Any, models: FakeServer) -> None:
    models.model.script = Script(text="Adds [E1]. Removes [E50].")
    answer = ask_json(ADD)
    (citation,) = answer["citations"]
    assert answer["answer"] == "Adds [E1]. Removes."
    assert answer["receipt"]["struck"] == 1
    lines = FILES[citation["path"]].split("\n")
    assert 1 <= citation["start_line"] <= citation["end_line"] <= len(lines)
    assert citation["commit"] == answer["receipt"]["sources"][0]["commit"]


def test_people_see_what_the_checks_found(shop: Source, models: FakeServer) -> None:
    models.model.script = Script(text="`CartFull` is an `Exception` [E1:4-5]. Calls `frob_x` [E1].")
    shown = ask(ADD)
    assert "1 citation did not hold and was removed." in shown
    assert "1 moved to the lines that hold what the sentence names." in shown
    assert "Not supported: Calls `frob_x`." in shown
    assert "Occurs nowhere: frob_x." in shown


def test_people_see_what_was_nearest_and_who_may_know(shop: Source) -> None:
    shown = ask("What is the capital of Mongolia?")
    assert "Nearest, but no answer:\n  shop@" in shown
    assert "Who may know:\n  Ada Example (wrote " in shown


def test_people_see_the_answer_and_where_it_stands(shop: Source, models: FakeServer) -> None:
    models.model.script = Script(text="Adds [E1]. Removes [E50]. Done.")
    shown = ask(ADD)
    assert shown.startswith("Adds [E1]. Removes. Done.")
    assert "[E1] shop@" in shown
    assert "E50" not in shown
    assert "1 citation did not hold and was removed." in shown


def test_what_is_not_found_says_what_was_searched(shop: Source) -> None:
    assert "Not found. Searched: shop." in ask("What is the capital of Mongolia?")
    assert ask_json("What is the capital of Mongolia?")["not_found"] is True


def test_a_persons_access_decides(
    shop: Source, reader: User, outsider: User, models: FakeServer
) -> None:
    assert ask_json(ADD, "--user", "reader")["citations"]
    refused = ask_json(ADD, "--user", "outsider")
    assert (refused["not_found"], refused["citations"]) == (True, [])
    assert refused["receipt"]["sources"] == []


def test_a_source_narrows_the_answer(source_factory: SourceFactory) -> None:
    source_factory("shop", FILES)
    source_factory("store", FILES)
    answer = ask_json(ADD, "--source", "store")
    assert {citation["source"] for citation in answer["citations"]} == {"store"}
    both = ask_json(ADD, "--source", "store", "--source", "shop")
    assert [source["name"] for source in both["receipt"]["sources"]] == ["shop", "store"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--user", "nobody"], "There is nobody called 'nobody'."),
        (["--source", "vault"], "There is no source called 'vault'."),
        (["--mode", "guess"], "invalid choice: 'guess'"),
    ],
)
def test_what_does_not_exist_gets_a_sentence(
    arguments: list[str], sentence: str, shop: Source
) -> None:
    with pytest.raises(CommandError, match=sentence):
        ask(ADD, *arguments)


def test_a_source_that_may_not_be_read_is_as_unknown_as_one_that_is_not_there(
    shop: Source, outsider: User
) -> None:
    with pytest.raises(CommandError, match=r"There is no source called 'shop'\."):
        ask(ADD, "--user", "outsider", "--source", "shop")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_without_a_model_it_says_so_and_exits_with_1(
    form: list[str], shop: Source, settings: Any
) -> None:
    settings.CHAT_URL = "none"
    clients.close()
    out = io.StringIO()
    with pytest.raises(SystemExit) as exited:
        call_command("ask", ADD, *form, stdout=out, stderr=out)
    assert exited.value.code == 1
    assert "No model is configured." in out.getvalue()


def test_without_a_model_it_lists_what_the_search_found(shop: Source, settings: Any) -> None:
    settings.CHAT_URL = "none"
    clients.close()
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("ask", ADD, stdout=out, stderr=out)
    assert f"  {shop.name}@{shop.refs.get().commit}:" in out.getvalue()


def test_several_steps_are_told_and_given(shop: Source, models: FakeServer) -> None:
    plan = json.dumps({"action": "read", "text": "", "place": "shop/cart.py"})
    models.model.script = Script(plans=(plan,))
    answer = ask_json(ADD, "--mode", "pair")
    assert [step["kind"] for step in answer["steps"]] == ["search", "read", "plan"]
    assert set(answer["steps"][1]) == {
        "number", "kind", "title", "detail", "places", "is_running", "seconds",
    }  # fmt: skip
    models.model.script = Script(plans=(plan,))
    shown = ask(ADD, "--mode", "pair")
    assert "2. Read shop/cart.py, lines 1-13: 1 passage of 1 file: shop/cart.py (" in shown
    assert "running" not in shown


def test_people_see_what_they_are_asked_back(shop: Source, models: FakeServer) -> None:
    asks = {"action": "ask_back", "text": "Which one?", "options": ["add_item", "CartFull"]}
    models.model.script = Script(plans=(json.dumps(asks),))
    shown = ask(ADD, "--mode", "pair")
    assert "Which one?\nadd_item\nCartFull\n" in shown


@pytest.mark.parametrize(
    ("question", "kinds"),
    [(ADD, []), ("What would break if add_item was renamed in the cart?", ["search", "plan"])],
)
def test_the_question_may_choose_the_mode(
    question: str, kinds: list[str], shop: Source, models: FakeServer
) -> None:
    answer = ask_json(question, "--mode", "auto")
    assert [step["kind"] for step in answer["steps"]] == kinds


def test_there_are_no_other_modes(shop: Source) -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        ask(ADD, "--mode", "magic")
