"""Labels of threads: the owner's own words for narrowing the list, and nobody else's."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.labelling import Label, TooMany, labels_in, labels_of
from appliance.conversations.models import Thread, ThreadShare

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def thread_of(user: User, title: str, *labels: str) -> Thread:
    return Thread.objects.create(owner=user, title=title, labels=list(labels))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("", []),
        (" , ,", []),
        ("billing", ["billing"]),
        (" to  do ,Billing", ["to do", "Billing"]),
        ("a, A, a", ["a"]),
        ("<b>, 'x' OR 1=1", ["<b>", "'x' OR 1=1"]),
    ],
)
def test_labels_stand_between_commas(written: str, labels: list[str]) -> None:
    assert labels_in(written) == labels


@pytest.mark.parametrize("written", ["a,b,c,d,e,f", "x" * 41])
def test_too_many_and_too_long_ones_are_refused(written: str) -> None:
    with pytest.raises(TooMany):
        labels_in(written)


def test_an_owner_labels_a_thread_and_narrows_the_list(reader: User) -> None:
    thread, other = thread_of(reader, "Carts"), thread_of(reader, "Taxes")
    client = signed_in(reader)
    client.post(f"/threads/{thread.pk}/labels/", {"labels": "to do, <b>x</b>"})
    thread.refresh_from_db()
    assert thread.labels == ["to do", "<b>x</b>"]
    assert labels_of(reader) == [Label("<b>x</b>", 1), Label("to do", 1)]
    page = client.get("/?label=to+do")
    assert [one.pk for one in page.context["thread_page"]] == [thread.pk]
    assert "<b>x</b>" not in page.content.decode()
    assert {one.pk for one in client.get("/").context["thread_page"]} == {thread.pk, other.pk}
    # Another thread is opened with the list as it is.
    assert "label=to+do" in page.content.decode()


def test_labels_that_are_refused_leave_those_that_were(reader: User) -> None:
    thread = thread_of(reader, "Carts", "kept")
    client = signed_in(reader)
    for refused in ("a,b,c,d,e,f", "x" * 41, "a\0b"):
        page = client.post(f"/threads/{thread.pk}/labels/", {"labels": refused}, follow=True)
        assert "The labels stayed as they were" in page.content.decode()
    thread.refresh_from_db()
    assert thread.labels == ["kept"]
    client.post(f"/threads/{thread.pk}/labels/", {"labels": ""})
    thread.refresh_from_db()
    assert thread.labels == []


@pytest.mark.parametrize("label", ["none", "%00", "' OR 1=1", "x" * 500])
def test_a_label_that_nothing_has_breaks_nothing(reader: User, label: str) -> None:
    thread_of(reader, "Carts", "to do")
    assert signed_in(reader).get(f"/?label={label}").status_code == 200


def test_a_reader_of_a_shared_thread_sees_no_label(reader: User, outsider: User) -> None:
    thread = thread_of(reader, "Carts", "my secret word")
    ThreadShare.objects.create(thread=thread, user=outsider, created_by=reader)
    client = signed_in(outsider)
    page = client.get(f"/threads/{thread.pk}/")
    assert page.status_code == 200
    assert "my secret word" not in page.content.decode()
    assert client.post(f"/threads/{thread.pk}/labels/", {"labels": "x"}).status_code == 404
    assert "my secret word" not in client.get(f"/threads/{thread.pk}/thread.json").content.decode()


def test_an_outsider_labels_nothing(reader: User, outsider: User) -> None:
    thread = thread_of(reader, "Carts")
    client = signed_in(outsider)
    here = client.post(f"/threads/{thread.pk}/labels/", {"labels": "x"})
    nowhere = client.post("/threads/00000000-0000-4000-8000-000000000000/labels/", {"labels": "x"})
    assert (here.status_code, here.content) == (404, nowhere.content)
    thread.refresh_from_db()
    assert thread.labels == []
