"""Branches, tries, pins: the owner's alone, on pages that work without a script."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from appliance.accounts.models import User
from appliance.conversations import branching
from appliance.conversations.access import is_sealed, reading_of
from appliance.conversations.models import Message, Thread
from appliance.sources.access import scope_of
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES, lines_of
from tests.appliance.conversations.planting import ask, say, share_with
from tests.conftest import SourceFactory


@pytest.fixture
def thread(owner: User) -> Thread:
    return Thread.objects.create(owner=owner, title="How are carts kept?")


@pytest.fixture
def first(thread: Thread) -> Message:
    return ask(thread, "How are carts kept?", source_names=[], ref="")


@pytest.fixture
def answered(first: Message) -> Message:
    return say(first, "In memory, FIRST TRY.")


@pytest.fixture
def signed_in(client: Client, owner: User, sent: list[str]) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the answers that would go to the broker: no broker runs in these tests."""
    answers: list[str] = []
    # The edge to Celery; everything before it is real.
    monkeypatch.setattr("appliance.conversations.tasks.answer_question.delay", answers.append)
    return answers


def page_of(client: Client, thread: Thread, query: str = "") -> str:
    response = client.get(f"/threads/{thread.pk}/{query}")
    assert response.status_code == 200
    return str(response.content.decode())


def hidden_field(page: str, name: str) -> str | None:
    found = re.search(f'<input type="hidden" name="{name}" value="([^"]*)"', page)
    return found[1] if found else None


def test_a_page_shows_one_path_and_the_way_to_the_others(
    signed_in: Client, thread: Thread, first: Message, answered: Message
) -> None:
    second = say(first, "On disk, SECOND TRY.")
    newest = page_of(signed_in, thread)
    assert ("SECOND TRY" in newest, "FIRST TRY" in newest) == (True, False)
    assert "2 of 2" in newest
    assert f"?at={answered.pk}#message-{answered.pk}" in newest
    other = page_of(signed_in, thread, f"?at={answered.pk}")
    assert ("SECOND TRY" in other, "FIRST TRY" in other) == (False, True)
    assert "1 of 2" in other
    assert f"?at={second.pk}#message-{second.pk}" in other


@pytest.mark.parametrize("query", ["?at=", "?at=nonsense", "?at=1&after=2&edit=%00", "?edit={}"])
def test_an_address_that_names_no_message_of_the_thread_shows_the_newest(
    query: str, signed_in: Client, thread: Thread, answered: Message, owner: User
) -> None:
    elsewhere = ask(Thread.objects.create(owner=owner, title="Other"), "CANARY?")
    page = page_of(signed_in, thread, query.format(elsewhere.pk))
    assert "FIRST TRY" in page
    assert "CANARY" not in page


def test_a_follow_up_goes_where_the_page_says(
    signed_in: Client, thread: Thread, first: Message, answered: Message
) -> None:
    say(first, "Second.")
    after = hidden_field(page_of(signed_in, thread, f"?at={answered.pk}"), "after")
    assert after == str(answered.pk)
    signed_in.post(f"/threads/{thread.pk}/ask/", {"question": "And then?", "after": after})
    assert Message.objects.get(text="And then?").parent == answered


def test_the_composer_moves_on_with_what_htmx_brought(
    signed_in: Client, thread: Thread, answered: Message
) -> None:
    partial = signed_in.post(
        f"/threads/{thread.pk}/ask/",
        {"question": "And then?", "after": str(answered.pk)},
        headers={"HX-Request": "true"},
    ).content.decode()
    newest = Message.objects.get(role="answer", parent__text="And then?")
    assert f'name="after" value="{newest.pk}" id="composer-after" hx-swap-oob="true"' in partial


def test_one_branches_off_after_an_answer_that_others_follow(
    signed_in: Client, thread: Thread, answered: Message
) -> None:
    say(ask(thread, "LATER?", answered), "Later.")
    page = page_of(signed_in, thread, f"?after={answered.pk}")
    assert "LATER?" not in page
    assert "You branch off" in page
    assert hidden_field(page, "after") == str(answered.pk)
    signed_in.post(f"/threads/{thread.pk}/ask/", {"question": "Else?", "after": str(answered.pk)})
    assert {one.text for one in answered.children.all()} == {"LATER?", "Else?"}
    assert "2 of 2" in page_of(signed_in, thread)


def test_a_question_is_asked_in_other_words_beside_itself(
    signed_in: Client, thread: Thread, answered: Message
) -> None:
    second = ask(thread, "And <when> they go?", answered, ref="")
    say(second, "Never.")
    page = page_of(signed_in, thread, f"?edit={second.pk}")
    assert "And &lt;when&gt; they go?</textarea>" in page
    assert "Never." not in page
    assert hidden_field(page, "edit") == str(second.pk)
    signed_in.post(f"/threads/{thread.pk}/ask/", {"question": "If?", "edit": str(second.pk)})
    other = Message.objects.get(text="If?")
    assert (other.parent, other.role) == (answered, "question")
    assert other.children.get().state == "queued"
    assert Message.objects.get(pk=second.pk).text == "And <when> they go?"


def test_the_first_question_too_is_asked_beside_itself(
    signed_in: Client, thread: Thread, first: Message, answered: Message
) -> None:
    signed_in.post(f"/threads/{thread.pk}/ask/", {"question": "Where?", "edit": str(first.pk)})
    assert Message.objects.get(text="Where?").parent is None
    assert "2 of 2" in page_of(signed_in, thread)


def test_a_form_with_errors_stays_where_it_was(
    signed_in: Client, thread: Thread, first: Message, answered: Message
) -> None:
    response = signed_in.post(
        f"/threads/{thread.pk}/ask/", {"question": " ", "edit": str(first.pk)}
    )
    assert response.status_code == 400
    assert hidden_field(response.content.decode(), "edit") == str(first.pk)


def test_a_form_that_names_what_cannot_be_followed_is_refused(
    signed_in: Client, thread: Thread, first: Message, answered: Message, owner: User
) -> None:
    elsewhere = ask(Thread.objects.create(owner=owner, title="Other"), "Elsewhere?")
    for field, message_id in (
        ("after", first.pk),
        ("after", elsewhere.pk),
        ("after", uuid4()),
        ("edit", answered.pk),
        ("edit", elsewhere.pk),
        ("edit", uuid4()),
    ):
        form = {"question": "X?", field: str(message_id)}
        assert signed_in.post(f"/threads/{thread.pk}/ask/", form).status_code == 404, field
    assert not Message.objects.filter(text="X?").exists()


@pytest.mark.parametrize("of", ["question", "answer"])
def test_an_answer_is_written_once_more_beside_the_first(
    of: str,
    signed_in: Client,
    first: Message,
    answered: Message,
    sent: list[str],
    django_capture_on_commit_callbacks: object,
) -> None:
    Message.objects.update(source_names=["shop"], ref="main", mode="pair", wanted={"drop": ["a"]})
    message = first if of == "question" else answered
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        response = signed_in.post(f"/messages/{message.pk}/again/")
    again = Message.objects.get(state="queued")
    assert (again.parent, again.source_names, again.ref) == (first, ["shop"], "main")
    assert (again.mode, again.wanted) == ("pair", {"drop": ["a"]})
    assert response["Location"] == f"/threads/{first.thread_id}/?at={again.pk}#message-{again.pk}"
    assert sent == [str(again.pk)]
    assert Message.objects.filter(pk=answered.pk).exists()


def test_what_is_pinned_stands_at_the_top_whatever_path_is_shown(
    signed_in: Client, thread: Thread, first: Message, answered: Message
) -> None:
    say(first, "Second.")
    signed_in.post(f"/messages/{answered.pk}/pin/", {"pinned": "yes"})
    page = page_of(signed_in, thread)
    pins = page[page.index('class="pins"') : page.index("</nav>", page.index('class="pins"'))]
    assert "In memory, FIRST TRY." in pins
    assert f"?at={answered.pk}#message-{answered.pk}" in pins
    signed_in.post(f"/messages/{answered.pk}/pin/", {"pinned": "no"})
    assert 'class="pins"' not in page_of(signed_in, thread)


def test_a_pin_shows_the_first_words_as_text(signed_in: Client, thread: Thread) -> None:
    first = ask(thread, "How?")
    say(first, "<b>Bold</b> [E1] \u202e" + "word " * 90, is_pinned=True)
    page = page_of(signed_in, thread)
    pin = page[page.index('class="pins"') : page.index("</nav>", page.index('class="pins"'))]
    assert "&lt;b&gt;Bold&lt;/b&gt; word" in pin
    assert "…" in pin
    assert "\u202e" not in pin
    assert "E1" not in pin


def test_a_branch_goes_after_it_was_confirmed(
    signed_in: Client, thread: Thread, first: Message, answered: Message
) -> None:
    second = ask(thread, "And then?", answered)
    say(ask(thread, "And?", say(second, "So.")), "Yes.")
    say(first, "Second try.")
    page = signed_in.get(f"/messages/{second.pk}/delete/").content.decode()
    assert "with 3 messages after it" in page
    assert Message.objects.count() == 7
    response = signed_in.post(f"/messages/{second.pk}/delete/")
    assert response["Location"] == f"/threads/{thread.pk}/"
    texts = set(Message.objects.values_list("text", flat=True))
    assert texts == {"How are carts kept?", "In memory, FIRST TRY.", "Second try."}


def test_a_thread_of_which_nothing_is_left_goes(
    signed_in: Client, first: Message, answered: Message
) -> None:
    assert signed_in.post(f"/messages/{first.pk}/delete/")["Location"] == "/"
    assert not Thread.objects.exists()


def test_a_branch_longer_than_python_recurses_goes(thread: Thread) -> None:
    first = ask(thread, "First?")
    other = ask(thread, "Other?")
    messages = [Message(thread=thread, role="answer", parent=first)]
    for number in range(1200):
        role = "answer" if number % 2 else "question"
        messages.append(Message(thread=thread, role=role, parent=messages[-1]))
    Message.objects.bulk_create(messages)
    assert branching.delete_branch(first)
    assert list(Message.objects.all()) == [other]


@pytest.mark.parametrize("person", ["reader", "viewer", "outsider", "staff"])
def test_nobody_but_the_owner_branches_pins_or_deletes(
    person: str,
    client: Client,
    user_factory: object,
    thread: Thread,
    first: Message,
    answered: Message,
    request: pytest.FixtureRequest,
) -> None:
    """Also not the viewer, with whom the thread is shared; what is refused looks like nothing."""
    name = "reader" if person == "viewer" else person
    user: User = request.getfixturevalue(name)
    if person == "viewer":
        share_with(thread, user)
    client.force_login(user)
    for action in ("again", "pin", "delete"):
        refused = client.post(f"/messages/{answered.pk}/{action}/", {"pinned": "yes"})
        unknown = client.post(f"/messages/{uuid4()}/{action}/", {"pinned": "yes"})
        assert (refused.status_code, unknown.status_code) == (404, 404), action
        assert len(refused.content) == len(unknown.content), action
    assert client.get(f"/messages/{answered.pk}/delete/").status_code == 404
    form = {"question": "X?", "after": str(answered.pk)}
    assert client.post(f"/threads/{thread.pk}/ask/", form).status_code == 404
    assert Message.objects.count() == 2
    assert not Message.objects.filter(is_pinned=True).exists()


def test_questions_keep_in_mind_what_was_deleted(
    owner: User, reader: User, source_factory: SourceFactory, thread: Thread, first: Message
) -> None:
    secret = source_factory("secret", FILES, grant="board")
    told = say(first, "CANARY [E1].", [lines_of(secret, "shop/cart.py", 4, 9)])
    other = ask(thread, "Is it CANARY?", None)
    share_with(thread, reader)
    assert other.pk in reading_of(reader, thread).sealed
    assert branching.delete_branch(told)
    other.refresh_from_db()
    assert is_sealed(other, scope_of(reader))
    assert other.pk in reading_of(reader, thread).sealed
    assert other.pk not in reading_of(owner, thread).sealed  # it is the owner's own question
    assert first.pk not in reading_of(reader, thread).sealed


def test_questions_keep_in_mind_that_something_of_a_removed_source_was_deleted(
    reader: User, source_factory: SourceFactory, thread: Thread, first: Message
) -> None:
    gone = source_factory("gone", FILES)
    told = say(first, "CANARY [E1].", [lines_of(gone, "shop/cart.py", 4, 9)])
    other = ask(thread, "Is it CANARY?", None)
    Source.objects.filter(pk=gone.pk).delete()
    assert branching.delete_branch(told)
    assert other.pk in reading_of(reader, thread).sealed


@pytest.mark.parametrize("count", [4, 100])
def test_a_long_thread_takes_no_more_queries_than_a_short_one(
    count: int,
    signed_in: Client,
    thread: Thread,
    source_factory: SourceFactory,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    shop = source_factory("shop", FILES)
    pieces = [lines_of(shop, "shop/cart.py", 4, 9), lines_of(shop, "README.md", 1, 3, "E2")]
    last: Message | None = None
    for number in range(count // 2):
        question = ask(thread, f"Question {number}?", last)
        last = say(question, "Adds [E1]. Sells [E2].", pieces, receipt={"given": 2, "sources": []})
    page_of(signed_in, thread)
    with django_assert_max_num_queries(38):
        page = page_of(signed_in, thread)
    assert page.count('<article class="turn') == count
    # The passages of all but the newest answers come when they are wanted.
    assert page.count("data-later=") == max(0, count // 2 - 3)
    assert page.count('<section class="evidence"') == count // 2
