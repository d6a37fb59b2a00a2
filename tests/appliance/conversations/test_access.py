"""Threads and messages belong to who asked; to everybody else they do not exist."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.http import Http404
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.access import (
    get_message_for_user,
    get_thread_for_user,
    is_sealed,
    threads_of,
)
from appliance.conversations.models import Message, Thread
from appliance.conversations.rendering import render_answer
from appliance.sources.access import operator_scope, scope_of
from indexer.scope import Scope
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of
from tests.conftest import SourceFactory


@pytest.fixture
def message(owner: User, message_factory: MessageFactory) -> Message:
    return message_factory(owner, "It adds CANARY.", question="CANARY?")


def pages(message: Message) -> list[tuple[str, str]]:
    thread, answer = f"/threads/{message.thread_id}/", f"/messages/{message.pk}/"
    return [
        ("get", thread),
        ("post", f"{thread}ask/"),
        ("post", f"{thread}rename/"),
        ("get", f"{thread}delete/"),
        ("post", f"{thread}delete/"),
        ("get", f"{thread}?at={message.pk}"),
        ("get", f"{thread}share/"),
        ("post", f"{thread}share/"),
        ("post", f"{thread}share/1/"),
        ("post", f"{thread}continue/"),
        ("get", f"{thread}thread.md"),
        ("get", f"{thread}thread.json"),
        ("post", f"{answer}again/"),
        ("post", f"{answer}pin/"),
        ("get", f"{answer}delete/"),
        ("post", f"{answer}delete/"),
        ("post", f"{answer}stop/"),
        ("get", f"{answer}evidence/"),
        ("get", f"{answer}events/"),
    ]


def test_the_owner_opens_the_thread_and_the_message(owner: User, message: Message) -> None:
    assert get_thread_for_user(owner, message.thread_id) == message.thread
    assert get_message_for_user(owner, message.pk) == message
    assert list(threads_of(owner)) == [message.thread]


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_nobody_else_opens_them(
    person: str, message: Message, request: pytest.FixtureRequest
) -> None:
    user: User = request.getfixturevalue(person)
    assert list(threads_of(user)) == []
    with pytest.raises(Http404):
        get_thread_for_user(user, message.thread_id)
    with pytest.raises(Http404):
        get_message_for_user(user, message.pk)


@pytest.mark.parametrize("person", ["reader", "outsider", "staff"])
def test_every_page_answers_others_as_if_there_were_no_thread(
    person: str, message: Message, request: pytest.FixtureRequest, client: Client
) -> None:
    client.force_login(request.getfixturevalue(person))
    missing = Message(pk=uuid4(), thread=Thread(pk=uuid4()))
    for (method, real), (_, made_up) in zip(pages(message), pages(missing), strict=True):
        refused, unknown = getattr(client, method)(real), getattr(client, method)(made_up)
        assert (refused.status_code, unknown.status_code) == (404, 404), real
        assert b"CANARY" not in refused.content
        assert len(refused.content) == len(unknown.content), real
    assert Message.objects.filter(pk=message.pk, stop_asked=False).exists()


def test_who_is_not_signed_in_is_sent_to_the_entrance(message: Message, client: Client) -> None:
    for method, page in pages(message):
        assert getattr(client, method)(page).status_code == 302, page
    assert Thread.objects.filter(pk=message.thread_id).exists()


def test_the_owner_reads_the_page(owner: User, message: Message, client: Client) -> None:
    client.force_login(owner)
    assert b"CANARY" in client.get(f"/threads/{message.thread_id}/").content


def test_an_answer_without_evidence_is_not_sealed(message: Message) -> None:
    assert not is_sealed(message, Scope())


def test_an_answer_is_sealed_for_who_may_not_read_its_evidence(
    owner: User, outsider: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    source = source_factory("shop", FILES)
    message = message_factory(owner, "Adds [E1].", [lines_of(source, "shop/cart.py", 4, 9)])
    assert not is_sealed(message, scope_of(owner))
    assert not is_sealed(message, operator_scope())
    assert is_sealed(message, scope_of(outsider))


def test_an_answer_is_sealed_when_one_of_two_sources_was_deleted(
    owner: User, source_factory: SourceFactory, message_factory: MessageFactory
) -> None:
    shop, store = source_factory("shop", FILES), source_factory("store", FILES)
    pieces = [
        lines_of(shop, "shop/cart.py", 4, 9),
        lines_of(store, "shop/cart.py", 4, 9, handle="E2"),
    ]
    message = message_factory(owner, "Adds [E1] [E2].", pieces)
    assert not is_sealed(message, scope_of(owner))
    store.delete()
    assert is_sealed(message, scope_of(owner))


def test_a_receipt_no_longer_names_a_source_that_was_taken_away(
    source_factory: SourceFactory, owner: User
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    thread = Thread.objects.create(owner=owner, title="Shop")
    searched = [{"name": "shop", "commit": "a" * 40, "live_at": "2026-01-01T00:00:00+00:00"}]
    message = Message.objects.create(
        thread=thread, role=Message.Role.ANSWER, not_found=True, receipt={"sources": searched}
    )
    assert [one["name"] for one in render_answer(message, scope_of(owner)).searched] == ["shop"]
    owner.groups.clear()
    assert render_answer(message, scope_of(owner)).searched == ()
