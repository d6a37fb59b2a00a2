"""The pages of changed answers: what owner, reader and outsider get; badges, comparing, asking again."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appliance.accounts.models import User
from appliance.conversations.living import comparing
from appliance.conversations.living.looking import look_around
from appliance.conversations.models import ChangedAnswer, Message, MessageEvidence, Thread
from appliance.conversations.tasks import answer_question
from appliance.sources.models import Grant
from indexer.ingestion.inline import sync_now
from indexer.models import Source
from indexer.spans import Span
from tests.appliance.conversations.conftest import CART, FILES, MessageFactory, lines_of
from tests.appliance.conversations.planting import ask, say, share_with
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

INSIDE = CART.replace("cart.append(item)", "cart.insert(0, item)  # <b>first</b>")
ABOVE = CART.replace('"""Shopping carts."""\n', '"""Shopping carts."""\n\nLIMIT = 99\n')


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES, "shop")


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


@pytest.fixture
def changed(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> Message:
    """An answer of the owner's of which the cited lines were changed."""
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 10)])
    repository.commit({"shop/cart.py": INSIDE})
    sync_now(shop)
    look_around()
    return message


def page(client: Client, person: User, path: str) -> str:
    client.force_login(person)
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def compare_path(message: Message) -> str:
    link = message.evidence_links.get(role=MessageEvidence.Role.CITED)
    return f"/messages/{message.pk}/citations/{link.pk}/compare/"


def test_the_owner_is_told_in_the_bar_the_list_the_answer_and_the_card(
    client: Client, owner: User, changed: Message
) -> None:
    listed = page(client, owner, "/changed/")
    assert "How are items added?" in listed
    assert "Changed <span" in listed  # in the bar
    assert compare_path(changed) in listed
    thread = page(client, owner, f"/threads/{changed.thread_id}/")
    assert "1 of 1 citation changed since" in thread
    assert "read otherwise now" in thread
    assert compare_path(changed) in thread


def test_nobody_else_is_told(
    client: Client, reader: User, outsider: User, staff: User, changed: Message
) -> None:
    for person in (reader, outsider, staff):
        listed = page(client, person, "/changed/")
        assert "How are items added?" not in listed
        assert "All your answers hold" in listed
        assert "Changed <span" not in listed
        assert client.get(compare_path(changed)).status_code == 404
        assert client.post(f"/changed/{changed.pk}/again/").status_code == 404
        client.post("/changed/seen/", {"answer": ChangedAnswer.objects.get().pk})
        client.post("/changed/seen/")
    assert ChangedAnswer.objects.get().seen_at is None


def test_a_sealed_answer_is_listed_without_a_word_of_its_lines(
    client: Client, owner: User, changed: Message
) -> None:
    Grant.objects.all().delete()
    listed = page(client, owner, "/changed/")
    assert "Sealed" in listed
    assert "cart.py" not in listed
    assert client.get(compare_path(changed)).status_code == 404


def test_a_copied_question_that_is_sealed_is_neither_listed_nor_asked_again(
    client: Client, owner: User, shop: Source, changed: Message
) -> None:
    receipt = {"behind": [[shop.pk, "shop/cart.py"]], "copied": True}
    Message.objects.filter(thread=changed.thread_id).update(receipt=receipt)
    Thread.objects.update(title="Shared thread")
    assert "How are items added?" in page(client, owner, "/changed/")
    Grant.objects.all().delete()
    listed = page(client, owner, "/changed/")
    assert "How are items added?" not in listed
    assert "Shared thread" in listed
    assert client.post(f"/changed/{changed.pk}/again/").status_code == 404
    assert not Message.objects.filter(state=Message.State.QUEUED).exists()


def test_the_list_leads_to_the_answer_on_whatever_branch_it_stands(
    client: Client, owner: User, changed: Message
) -> None:
    say(ask(changed.thread, "Another branch?"), "So.")
    to_it = f"/threads/{changed.thread_id}/?at={changed.pk}#message-{changed.pk}"
    assert f'href="{to_it}"' in page(client, owner, "/changed/")
    assert f'href="{to_it}"' in page(client, owner, compare_path(changed))


def test_a_viewer_of_a_thread_that_is_sealed_in_part_sees_no_title_beside_a_citation(
    client: Client, reader: User, changed: Message, source_factory: SourceFactory
) -> None:
    vault = source_factory("vault", {"vault.py": "x = 1\n"}, grant="board")
    say(ask(changed.thread, "And?", changed), "So [E1].", [lines_of(vault, "vault.py", 1, 1)])
    Thread.objects.update(title="CANARY")
    share_with(changed.thread, reader)
    for path in (compare_path(changed), f"/messages/{changed.pk}/feedback/"):
        shown = page(client, reader, path)
        assert "CANARY" not in shown
        assert "Shared thread" in shown


def test_seen_answers_stay_listed_and_leave_the_bar(
    client: Client, owner: User, changed: Message
) -> None:
    client.force_login(owner)
    for given in ("x", "9" * 30, "-1"):
        client.post("/changed/seen/", {"answer": given})
    assert ChangedAnswer.objects.get().seen_at is None
    client.post("/changed/seen/", {"answer": str(ChangedAnswer.objects.get().pk)})
    listed = page(client, owner, "/changed/")
    assert "How are items added?" in listed
    assert "Changed <span" not in listed
    assert client.get("/changed/seen/").status_code == 405


def test_the_list_has_pages(
    client: Client, owner: User, shop: Source, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    piece = lines_of(shop, "shop/cart.py", 4, 10)
    for number in range(23):
        message_factory(owner, "Adds [E1].", [piece], question=f"Question {number:02}?")
    repository.commit({"shop/cart.py": INSIDE})
    sync_now(shop)
    look_around()
    first, second = (page(client, owner, f"/changed/?page={n}") for n in (1, 2))
    questions = [f"Question {number:02}?" for number in range(23)]
    assert sum(one in first for one in questions) == 20
    assert sum(one in second for one in questions) == 3


def test_a_page_of_the_list_takes_the_same_queries_however_full_it_is(
    client: Client, owner: User, shop: Source, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    pieces = [lines_of(shop, "shop/cart.py", at, at + 1, f"E{at}") for at in (4, 6, 8)]
    for number in range(40):
        message_factory(owner, "[E4] [E6] [E8].", pieces, question=f"Question {number:02}?")
    repository.commit({"shop/cart.py": INSIDE.replace("append", "push")})
    sync_now(shop)
    look_around()
    counts = []
    for left in (40, 20, 1):
        kept = ChangedAnswer.objects.values("pk")[:left]
        ChangedAnswer.objects.exclude(pk__in=[one["pk"] for one in kept]).delete()
        page(client, owner, "/changed/")
        with CaptureQueriesContext(connection) as queries:
            shown = page(client, owner, "/changed/")
        counts.append(len(queries))
        assert shown.count("compare/") >= min(left, 20)
    assert max(counts) - min(counts) == 0


def test_comparing_shows_both_sides_and_escapes_them(
    client: Client, owner: User, changed: Message
) -> None:
    shown = page(client, owner, compare_path(changed))
    assert "cart.append(item)" in shown
    assert "cart.insert(0, item)  # &lt;b&gt;first&lt;/b&gt;" in shown
    assert "<b>first" not in shown
    assert "compare-changed" in shown


def test_only_citations_of_that_answer_can_be_compared(
    client: Client, owner: User, shop: Source, changed: Message, message_factory: MessageFactory
) -> None:
    other = message_factory(owner, "Sells [E1].", [lines_of(shop, "README.md", 1, 3)])
    foreign = other.evidence_links.filter(role="cited").get().pk
    in_prompt = changed.evidence_links.filter(role="in_prompt").get().pk
    client.force_login(owner)
    for link in (foreign, in_prompt, 999_999):
        path = f"/messages/{changed.pk}/citations/{link}/compare/"
        assert client.get(path).status_code == 404


def test_a_moved_citation_leads_to_its_new_place(
    client: Client, owner: User, shop: Source, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 10)])
    repository.commit({"shop/cart.py": None, "lib/cart.py": ABOVE})
    sync_now(shop)
    look_around()
    thread = page(client, owner, f"/threads/{message.thread_id}/")
    assert "1 moved since" in thread
    assert "changed since" not in thread
    assert '<span class="path">lib/cart.py</span>, lines 6\u201312' in thread
    assert client.get("/files/shop/main/lib/cart.py?lines=6-12").status_code == 200
    assert "All your answers hold" in page(client, owner, "/changed/")
    assert "stand elsewhere now" in page(client, owner, compare_path(message))


def test_what_moved_where_one_may_not_look_is_compared_with_nothing(
    client: Client, owner: User, shop: Source, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 10)])
    readers = Group.objects.get(name="readers")
    Grant.objects.create(group=readers, source=shop, path_pattern="secret/", allow=False)
    repository.commit({"shop/cart.py": None, "secret/hidden_name.py": CART})
    sync_now(shop)
    look_around()
    for path in (compare_path(message), f"/threads/{message.thread_id}/", "/changed/"):
        assert "hidden_name" not in page(client, owner, path)
    assert "do not stand in the code any more" in page(client, owner, compare_path(message))


def test_asking_again_writes_a_further_answer_to_the_same_question(
    client: Client, owner: User, changed: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(answer_question, "delay", sent.append)
    client.force_login(owner)
    response = client.post(f"/changed/{changed.pk}/again/")
    assert response.headers["Location"] == f"/threads/{changed.thread_id}/"
    again = Message.objects.get(state=Message.State.QUEUED)
    assert sent == [str(again.pk)]
    assert (again.parent_id, again.thread_id) == (changed.parent_id, changed.thread_id)
    assert ChangedAnswer.objects.get().seen_at is not None
    question = changed.parent
    assert question is not None
    for pk in (again.pk, question.pk):  # still open; no answer
        assert client.post(f"/changed/{pk}/again/").status_code == 404
    answer_question(str(again.pk))
    again.refresh_from_db()
    assert again.state == Message.State.DONE


@pytest.mark.parametrize(
    ("old", "new", "span", "expected"),
    [
        ("abcdef", "abXdef", (3, 3), (3, 3)),
        ("abcdef", "XYabcdef", (2, 3), (4, 5)),
        ("abcdef", "abef", (3, 4), (2, 3)),
        ("abcdef", "aef", (2, 4), (1, 2)),
        ("abcdef", "abXYZdef", (2, 4), (2, 6)),
        ("abcdef", "bcdef", (1, 2), (1, 1)),
        ("abc", "", (1, 3), (1, 1)),
    ],
)
def test_lines_are_mapped_to_what_took_their_place(
    old: str, new: str, span: tuple[int, int], expected: tuple[int, int]
) -> None:
    found = comparing._mapped(list(old), list(new) or [""], Span(*span))
    assert found == Span(*expected)


def test_a_huge_file_is_compared_without_being_read_line_by_line(monkeypatch: Any) -> None:
    monkeypatch.setattr(comparing, "_operations", lambda old, new: pytest.fail("compared"))
    lines = ["x"] * (comparing.LARGEST + 1)
    assert comparing._mapped(lines, lines[:50], Span(40, 60)) == Span(40, 50)
    assert comparing._mapped(lines, lines[:50], Span(51, 60)) == Span(50, 50)
