"""Asking as of a branch or tag: kept with the thread, shown with the answer, on its receipt."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations import asking
from appliance.conversations.models import Message, Thread
from appliance.conversations.narrowing import Narrowing
from appliance.conversations.tasks import answer_question
from appliance.sources.models import Grant
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.conftest import RepositoryFactory, SourceFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

OLD = 'def add_item(cart):\n    """Add an item to the cart, at most forty."""\n'
NEW = 'def add_item(cart):\n    """Add an item to the cart, at most fifty."""\n'
ADD = "How does add_item add an item to the cart?"


@pytest.fixture
def shop(source_factory: SourceFactory, repository_factory: RepositoryFactory) -> Source:
    repository = repository_factory({"cart.py": OLD}, "shop")
    repository.git("tag", "v1")
    repository.commit({"cart.py": NEW})
    return source_factory("shop", repository=repository, refs=("main", "v*"))


@pytest.fixture
def store(source_factory: SourceFactory) -> Source:
    return source_factory("store", {"shelf.py": "def add_item(shelf): ...\n"})


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    # The edge to Celery; the tests run the task themselves.
    monkeypatch.setattr(answer_question, "delay", lambda message_id: None)


def answered(message: Message) -> Message:
    answer_question(str(message.pk))
    return Message.objects.get(pk=message.pk)


def test_an_answer_rests_on_the_lines_of_its_ref(
    client: Client, owner: User, shop: Source, store: Source, models: FakeServer
) -> None:
    models.model.script = Script(text="At most forty [E1].")
    message = answered(asking.ask(owner, ADD, ref="v1"))
    commit = shop.refs.get(name="v1").commit
    assert {link.evidence.commit for link in message.evidence_links.all()} == {commit}
    assert message.receipt["ref"] == "v1"
    assert message.receipt["sources"][0]["commit"] == commit
    assert message.receipt["lacking"] == ["store"]
    client.force_login(owner)
    page = client.get(f"/threads/{message.thread_id}/").content.decode()
    assert 'as of <span class="mono">v1</span>, which store has not' in page
    assert f"/files/shop/{commit}/cart.py?lines=" in page
    assert "forty" in page
    assert "fifty" not in page


def test_a_receipt_names_no_source_that_was_taken_away(
    client: Client, owner: User, shop: Source, store: Source
) -> None:
    message = answered(asking.ask(owner, ADD, ref="v1"))
    Grant.objects.filter(source=store).delete()
    client.force_login(owner)
    assert b"store" not in client.get(f"/threads/{message.thread_id}/").content


def test_a_ref_that_went_meanwhile_is_said_and_no_model_is_asked(
    owner: User, shop: Source, models: FakeServer
) -> None:
    message = answered(asking.ask(owner, ADD, ref="v2"))
    assert message.state == Message.State.FAILED
    assert message.error == "There is no branch or tag v2 in shop."
    assert (message.text, message.evidence_links.count()) == ("", 0)
    assert set(message.usage) == {"searched_s"}


def test_the_form_stores_the_ref_and_follow_ups_keep_it(
    client: Client, owner: User, shop: Source
) -> None:
    client.force_login(owner)
    assert b'<option value="v1">v1</option>' in client.get("/").content
    client.post("/", {"question": ADD, "ref": "v1"})
    thread = Thread.objects.get()
    page = client.get(f"/threads/{thread.pk}/")
    assert b'<option value="v1" selected>v1</option>' in page.content
    client.post(f"/threads/{thread.pk}/ask/", {"question": "And then?"})
    assert set(thread.messages.values_list("ref", flat=True)) == {"v1"}
    client.post(f"/threads/{thread.pk}/ask/", {"question": "And now?", "ref": ""})
    assert Narrowing.of_thread(thread, []).ref == ""


@pytest.mark.parametrize("form", [{"ref": "v9"}, {"ref": "v1", "sources": ["store"]}])
def test_a_ref_that_no_chosen_source_has_cannot_be_asked_about(
    form: dict[str, object], client: Client, owner: User, shop: Source, store: Source
) -> None:
    client.force_login(owner)
    response = client.post("/", {"question": ADD, **form})
    assert response.status_code == 400
    assert f"There is no branch or tag {form['ref']} in" in response.content.decode()
    assert not Message.objects.exists()


def test_an_outsider_is_offered_no_ref(client: Client, outsider: User, shop: Source) -> None:
    client.force_login(outsider)
    assert client.get("/").context["refs"] == []
    refused = client.post("/", {"question": ADD, "ref": "v1"})
    assert "There is no branch or tag v1." in refused.context["form"].errors["ref"]


def test_the_command_asks_as_of_a_ref(shop: Source, store: Source, models: FakeServer) -> None:
    models.model.script = Script(text="At most forty [E1].")
    out = io.StringIO()
    call_command("ask", ADD, "--ref", "v1", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["citations"][0]["commit"] == shop.refs.get(name="v1").commit
    assert (answer["receipt"]["ref"], answer["receipt"]["lacking"]) == ("v1", ["store"])
    out = io.StringIO()
    call_command("ask", ADD, "--ref", "v1", stdout=out)
    assert "As of v1 (not in store)." in out.getvalue()


def test_the_command_refuses_a_ref_that_nobody_has(shop: Source, outsider: User) -> None:
    with pytest.raises(CommandError, match=r"no branch or tag v11 in shop\. Did you mean v1\?"):
        call_command("ask", ADD, "--ref", "v11")
    with pytest.raises(CommandError, match=r"There is no branch or tag v1\.$"):
        call_command("ask", ADD, "--ref", "v1", "--user", "outsider")
