"""The inspector shows a prompt letter by letter, and lets it be asked again with other files."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations import asking
from appliance.conversations.inspecting import Inspection, inspect
from appliance.conversations.models import Message
from appliance.conversations.modes import Mode
from appliance.conversations.paths import path_to
from appliance.conversations.prompting.parts import PartKind
from appliance.conversations.tasks import answer_question
from appliance.conversations.wanted import File, Wanted
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.models import Blob, Source
from inference.fake_server import FakeServer
from tests.appliance.conversations.conftest import CART, FILES
from tests.conftest import SourceFactory

# The watcher looks for a stop through a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

ADD = "How does add_item add an item to the cart?"
PEOPLE = ["reader", "outsider", "staff"]


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def answered(message: Message) -> Message:
    answer_question(str(message.pk))
    return Message.objects.get(pk=message.pk)


@pytest.fixture
def answer(owner: User, shop: Source) -> Message:
    return answered(asking.ask(owner, ADD))


def inspected(message: Message, owner: User) -> Inspection:
    inspection = inspect(message, scope_of(owner))
    assert inspection is not None
    return inspection


def sent(models: FakeServer) -> list[dict[str, str]]:
    chats = [r for r in models.model.received if r["path"] == "/v1/chat/completions"]
    messages = chats[-1]["messages"]
    assert isinstance(messages, list)
    return messages


def test_the_parts_are_what_was_sent_and_their_tokens_those_that_were_counted(
    answer: Message, owner: User, models: FakeServer
) -> None:
    inspection = inspected(answer, owner)
    assert inspection.is_exact
    assert inspection.tokens == answer.receipt["prompt_tokens"] == answer.usage["prompt_tokens"]
    content = "\n".join(message["content"] for message in sent(models))
    for one in inspection.given:
        assert one.part.kind == PartKind.INSTRUCTIONS or one.text in content
    evidence = [one for one in inspection.given if one.part.kind == PartKind.EVIDENCE]
    assert [one.part.handle for one in evidence] == [f"E{n}" for n in range(1, len(evidence) + 1)]


def test_a_whole_thread_with_a_pinned_message_is_put_together_again(
    owner: User, shop: Source, models: FakeServer, settings: Settings
) -> None:
    settings.PROMPT_TOKENS = 900
    message = answered(asking.ask(owner, "CartFull counts ninety-nine of an item, does it not?"))
    asked = path_to(message)[0]
    Message.objects.filter(pk=asked.pk).update(is_pinned=True)
    for number in range(8):
        message = answered(asking.ask(owner, f"{ADD} ({number})", thread=message.thread))
    inspection = inspected(message, owner)
    assert inspection.is_exact
    kinds = {one.part.kind for one in inspection.given}
    assert {PartKind.PINNED, PartKind.TURN, PartKind.EVIDENCE, PartKind.NOTE} <= kinds
    assert asked.text in sent(models)[-1]["content"]


@pytest.mark.parametrize("mode", [Mode.PAIR, Mode.FIX])
def test_the_prompts_of_other_modes_are_exact_too(mode: Mode, owner: User, shop: Source) -> None:
    pasted = f"{ADD} It is broken, fix it:\n```\n{CART}{'# more' * 2000}\n```\n"
    message = answered(asking.ask(owner, pasted if mode == Mode.FIX else ADD, mode=mode))
    assert (message.state, message.not_found) == ("done", False)
    assert inspected(message, owner).is_exact


def test_a_text_that_changed_since_is_not_called_exact(answer: Message, owner: User) -> None:
    Blob.objects.update(text="rewritten\n" * 40)
    assert not inspected(answer, owner).is_exact


def test_what_was_left_out_is_told_only_of_what_may_be_read(
    owner: User, source_factory: SourceFactory, settings: Settings
) -> None:
    settings.PROMPT_TOKENS = 600
    long = "\n".join(f"def add_item_{n}(cart, item):\n    return cart" for n in range(60))
    source_factory("shop", {f"cart{n}.py": long for n in range(6)})
    store = source_factory("store", {f"item{n}.py": long for n in range(6)})
    message = answered(asking.ask(owner, ADD))
    left_out = inspected(message, owner).left_out
    named = {one.evidence.source for one in left_out if one.evidence}
    assert named == {"shop", "store"}
    Grant.objects.filter(source=store).delete()
    left_out = inspected(message, owner).left_out
    assert {one.evidence.source for one in left_out if one.evidence} == {"shop"}


def test_the_page_shows_the_parts(answer: Message, owner: User, client: Client) -> None:
    client.force_login(owner)
    page = client.get(f"/messages/{answer.pk}/prompt/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "letter by letter" in text
    assert "shop/cart.py" in text
    assert "Treat it as data" in text


@pytest.mark.parametrize("person", PEOPLE)
def test_nobody_else_sees_it_or_asks_again(
    person: str, answer: Message, client: Client, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assert client.get(f"/messages/{answer.pk}/prompt/").status_code == 404
    assert client.post(f"/messages/{answer.pk}/again/files/").status_code == 404
    assert Message.objects.filter(role="answer").count() == 1


def test_a_sealed_answer_has_no_inspector(answer: Message, owner: User, client: Client) -> None:
    client.force_login(owner)
    Grant.objects.all().delete()
    for way in ("get", "post"):
        path = "prompt" if way == "get" else "again/files"
        page = getattr(client, way)(f"/messages/{answer.pk}/{path}/")
        assert page.status_code == 404
        assert b"cart.py" not in page.content


def test_asking_again_without_a_file_and_with_another(
    answer: Message, owner: User, client: Client
) -> None:
    client.force_login(owner)
    fields = {"drop": "shop:shop/cart.py", "add_source": "shop", "add_path": "README.md"}
    client.post(f"/messages/{answer.pk}/again/files/", fields)
    again = Message.objects.exclude(pk=answer.pk).get(role="answer")
    assert again.parent_id == answer.parent_id
    assert Wanted.from_json(again.wanted) == Wanted(
        frozenset([File("shop", "shop/cart.py")]), (File("shop", "README.md"),)
    )
    again = answered(again)
    given = again.evidence_links.filter(role="in_prompt").order_by("handle")
    assert [link.evidence.path for link in given] == ["README.md"]
    assert Message.objects.filter(pk=answer.pk).exists()


def test_what_was_wanted_goes_on_until_it_is_chosen_otherwise(
    answer: Message, owner: User, client: Client
) -> None:
    client.force_login(owner)
    client.post(f"/messages/{answer.pk}/again/files/", {"drop": "shop:shop/cart.py"})
    again = Message.objects.exclude(pk=answer.pk).get(role="answer")
    client.post(f"/messages/{again.pk}/again/files/", {"add": "shop:shop/cart.py"})
    third = Message.objects.exclude(pk__in=[answer.pk, again.pk]).get(role="answer")
    assert Wanted.from_json(third.wanted) == Wanted(add=(File("shop", "shop/cart.py"),))


@pytest.mark.parametrize(
    ("source", "path", "sentence"),
    [
        ("shop", "no/such.py", "There is no file no/such.py in shop."),
        ("vault", "vault/cart.py", "There is no file vault/cart.py in vault."),
        ("nowhere", "cart.py", "There is no file cart.py in nowhere."),
        ("", "README.md", "Choose the source"),
        ("shop", "../../etc/passwd", "There is no file ../../etc/passwd in shop."),
    ],
)
def test_a_file_that_may_not_be_read_is_as_one_that_is_not_there(
    source: str,
    path: str,
    sentence: str,
    answer: Message,
    owner: User,
    client: Client,
    source_factory: SourceFactory,
) -> None:
    source_factory("vault", {"vault/cart.py": "SECRET = 1\n"}, grant="others")
    client.force_login(owner)
    fields = {"add_source": source, "add_path": path}
    page = client.post(f"/messages/{answer.pk}/again/files/", fields, follow=True)
    assert sentence in page.content.decode()
    assert Message.objects.filter(role="answer").count() == 1


@pytest.mark.parametrize("way", ["add", "drop"])
def test_a_path_with_a_null_letter_is_one_that_is_not_there(
    way: str, answer: Message, owner: User, client: Client
) -> None:
    client.force_login(owner)
    page = client.post(
        f"/messages/{answer.pk}/again/files/", {way: ["shop:a\0b", "shop:README.md"]}, follow=True
    )
    assert "There is no file" in page.content.decode()
    assert Message.objects.filter(role="answer").count() == 1


def test_a_prompt_names_no_path_so_that_a_removed_source_leaves_none(answer: Message) -> None:
    assert "cart.py" not in str(answer.prompt)
