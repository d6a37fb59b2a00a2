"""Sharing: the owner's to give and to take back; who is given a thread reads it and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import AsyncClient, Client
from pytest_django import DjangoAssertNumQueries

from appliance.accounts.models import User
from appliance.conversations.access import (
    get_message_for_reader,
    get_thread_for_reader,
    readable_threads,
    threads_shared_with,
)
from appliance.conversations.models import Message, Thread, ThreadShare
from appliance.conversations.sharing import share
from appliance.conversations.titles import listed_titles
from tests.appliance.conversations.planting import ask, say, share_with
from tests.conftest import UserFactory


@pytest.fixture
def answer(owner: User) -> Message:
    thread = Thread.objects.create(owner=owner, title="How are carts kept?")
    return say(ask(thread, "How are carts kept?"), "In **memory**.")


@pytest.fixture
def page(answer: Message) -> str:
    return f"/threads/{answer.thread_id}/share/"


@pytest.fixture
def signed_in(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_the_owner_shares_with_a_person_that_was_looked_up(
    signed_in: Client, page: str, reader: User, answer: Message
) -> None:
    assert "reader" not in main_of(signed_in.get(page).content.decode()).replace("readers", "")
    found = signed_in.get(f"{page}?who=EAD").content.decode()
    assert f'name="user" value="{reader.pk}"' in found
    assert signed_in.post(page, {"user": reader.pk})["Location"] == page
    assert list(threads_shared_with(reader)) == [answer.thread]
    shared = signed_in.get(f"{page}?who=read").content.decode()
    assert "Stop sharing with reader" in shared
    assert f'name="user" value="{reader.pk}"' not in shared
    made = ThreadShare.objects.get()
    assert (made.user, made.group, made.created_by) == (reader, None, answer.thread.owner)


def main_of(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def test_the_owner_shares_with_a_group_of_theirs(
    signed_in: Client, page: str, reader: User, outsider: User, answer: Message
) -> None:
    group = Group.objects.get(name="readers")
    assert f'name="group" value="{group.pk}"' in signed_in.get(page).content.decode()
    signed_in.post(page, {"group": group.pk})
    assert get_thread_for_reader(reader, answer.thread_id) == answer.thread
    assert get_message_for_reader(reader, answer.pk) == answer
    assert not readable_threads(outsider).exists()


def test_people_are_found_by_all_their_names(
    signed_in: Client, page: str, user_factory: UserFactory
) -> None:
    user_factory("al17", first_name="Ada", last_name="Byron")
    user_factory("gone", first_name="Adam", is_active=False)
    for who in ("al1", "ada", "BYR"):
        found = main_of(signed_in.get(f"{page}?who={who}").content.decode())
        assert "Ada Byron" in found, who
        assert "gone" not in found
    assert "Nobody else" in signed_in.get(f"{page}?who=%25%25").content.decode()
    for odd in ("a", "", "%00", "x" * 151):
        assert signed_in.get(f"{page}?who={odd}").status_code == 200


def test_a_name_is_text(signed_in: Client, page: str, user_factory: UserFactory) -> None:
    user_factory("eve", first_name="<script>", last_name="x")
    assert b"<script> x" not in signed_in.get(f"{page}?who=eve").content


@pytest.mark.parametrize(
    "form", [{}, {"user": ""}, {"user": "0"}, {"user": "x"}, {"group": "99999999999999999999"}]
)
def test_what_is_not_a_person_or_a_group_is_not_shared_with(
    form: dict[str, str], signed_in: Client, page: str
) -> None:
    response = signed_in.post(page, form)
    assert response.status_code == 400
    assert b"Choose a person, or a group that you are in." in response.content
    assert not ThreadShare.objects.exists()


def test_one_shares_neither_with_oneself_nor_with_others_groups_nor_with_two(
    signed_in: Client, page: str, owner: User, reader: User, user_factory: UserFactory
) -> None:
    board = Group.objects.create(name="board")
    inactive = user_factory("inactive", is_active=False)
    own = Group.objects.get(name="readers")
    for form in (
        {"user": owner.pk},
        {"user": inactive.pk},
        {"group": board.pk},
        {"user": reader.pk, "group": own.pk},
    ):
        assert signed_in.post(page, form).status_code == 400
    assert not ThreadShare.objects.exists()


def test_to_share_twice_changes_nothing(owner: User, reader: User, answer: Message) -> None:
    for _ in range(2):
        share(answer.thread, by=owner, user=reader)
    assert ThreadShare.objects.count() == 1


def test_the_database_keeps_one_share_for_one_person_or_group(
    owner: User, reader: User, answer: Message
) -> None:
    group = Group.objects.get(name="readers")
    share_with(answer.thread, reader)
    for fields in ({"user": reader}, {"user": reader, "group": group}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ThreadShare.objects.create(thread=answer.thread, created_by=owner, **fields)


def test_the_owner_takes_a_share_back(
    signed_in: Client, page: str, reader: User, answer: Message
) -> None:
    made = share_with(answer.thread, reader)
    assert signed_in.post(f"{page}{made.pk}/")["Location"] == page
    assert not ThreadShare.objects.exists()


def test_a_share_of_another_thread_is_not_there(
    signed_in: Client, page: str, reader: User, outsider: User
) -> None:
    other = Thread.objects.create(owner=reader, title="Other")
    made = share_with(other, outsider)
    refused = signed_in.post(f"{page}{made.pk}/")
    unknown = signed_in.post(f"{page}{made.pk + 1}/")
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert len(refused.content) == len(unknown.content)
    assert ThreadShare.objects.exists()


@pytest.mark.parametrize("person", ["reader", "viewer", "outsider", "staff"])
def test_nobody_but_the_owner_shares_or_sees_with_whom(
    person: str, client: Client, page: str, answer: Message, request: pytest.FixtureRequest
) -> None:
    user: User = request.getfixturevalue("reader" if person == "viewer" else person)
    made = share_with(answer.thread, user if person == "viewer" else answer.thread.owner)
    client.force_login(user)
    missing = f"/threads/{uuid4()}/share/"
    for method, path in (("get", ""), ("post", ""), ("post", f"{made.pk}/")):
        refused = getattr(client, method)(f"{page}{path}", {"user": user.pk})
        unknown = getattr(client, method)(f"{missing}{path}", {"user": user.pk})
        assert (refused.status_code, unknown.status_code) == (404, 404)
        assert len(refused.content) == len(unknown.content)
    assert ThreadShare.objects.get() == made


def test_who_is_given_a_thread_reads_it_and_changes_nothing(
    client: Client, reader: User, answer: Message
) -> None:
    share_with(answer.thread, reader)
    client.force_login(reader)
    path, message = f"/threads/{answer.thread_id}/", f"/messages/{answer.pk}/"
    shown = client.get(path).content.decode()
    assert "<strong>memory</strong>" in shown
    assert "by owner" in shown
    for word in (
        "Rename",
        "Delete",
        "Stop",
        "Pin",
        "Edit",
        "Branch off",
        'href="' + path + "share",
    ):
        assert word not in main_of(shown), word
    assert "Continue in a thread of your own" in shown
    for action in ("ask", "rename", "delete", "share"):
        form = {"question": "x", "title": "x", "user": reader.pk}
        assert client.post(f"{path}{action}/", form).status_code == 404, action
    for action in ("stop", "again", "pin", "delete"):
        assert client.post(f"{message}{action}/", {"pinned": "yes"}).status_code == 404, action
    kept = Message.objects.get(pk=answer.pk)
    assert (kept.stop_asked, kept.is_pinned, Message.objects.count()) == (False, False, 2)
    assert Thread.objects.get().title == "How are carts kept?"


@pytest.mark.parametrize("person", ["owner", "reader", "outsider", "staff"])
def test_only_who_is_given_a_thread_continues_it(
    person: str, client: Client, answer: Message, request: pytest.FixtureRequest
) -> None:
    """The owner branches in the thread itself."""
    client.force_login(request.getfixturevalue(person))
    refused = client.post(f"/threads/{answer.thread_id}/continue/")
    unknown = client.post(f"/threads/{uuid4()}/continue/")
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert len(refused.content) == len(unknown.content)
    assert Thread.objects.count() == 1


@pytest.mark.parametrize("state", ["queued", "searching", "writing"])
def test_an_answer_that_is_still_written_is_not_copied(
    state: str, client: Client, reader: User, answer: Message
) -> None:
    say(ask(answer.thread, "And?", answer), "So far", state=state)
    share_with(answer.thread, reader)
    client.force_login(reader)
    client.post(f"/threads/{answer.thread_id}/continue/", {"at": "nonsense"})
    own = Thread.objects.get(owner=reader)
    assert [one.text for one in own.messages.all()] == ["How are carts kept?", "In **memory**."]


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_an_open_stream_ends_when_its_share_is_taken_back(
    owner: User, reader: User, answer: Message
) -> None:
    Message.objects.filter(pk=answer.pk).update(state="writing")
    share_with(answer.thread, reader)

    async def run() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(reader)
        response: Any = await client.get(f"/messages/{answer.pk}/events/")
        parts: AsyncIterator[bytes] = aiter(response.streaming_content)
        first = await anext(parts)
        await ThreadShare.objects.all().adelete()
        # Nothing else changes: the share alone ends it.
        return [first, *[part async for part in parts]]

    first, *rest = async_to_sync(run)()
    assert b"memory" in first
    assert rest == [b"event: done\ndata: \n\n"]


def test_the_list_of_shared_threads_looks_into_answers_only_for_other_titles(
    owner: User, reader: User, answer: Message, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    share_with(answer.thread, reader)
    with django_assert_num_queries(1):
        titles = listed_titles(reader, [answer.thread])
    assert titles == {answer.thread_id: "How are carts kept?"}
    answer.thread.title = "Carts"
    assert listed_titles(reader, [answer.thread]) == {answer.thread_id: "Carts"}


def test_a_title_of_a_copied_question_is_looked_into(
    owner: User, outsider: User, answer: Message
) -> None:
    answer.thread.messages.filter(role="question").update(
        receipt={"behind": [[77, "gone.py"]], "copied": True}
    )
    share_with(answer.thread, outsider)
    assert listed_titles(outsider, [answer.thread]) == {answer.thread_id: "Shared thread"}
