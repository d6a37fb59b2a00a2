"""The curators' pages: being an admin opens no code, what is decided, and what others see of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.curating.deciding import dismiss
from appliance.conversations.curating.giving import give_feedback
from appliance.conversations.curating.queue import Filters, queue
from appliance.conversations.curating.report import NOWHERE, report
from appliance.conversations.models import CuratedLines, Decision, Message, MessageEvidence
from appliance.sources.models import Grant
from indexer.models import GoldenEntry, Source
from tests.appliance.conversations.conftest import MessageFactory, lines_of, link
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

PAGES = ("/curation/", "/curation/lines/", "/curation/report/")


@pytest.fixture
def not_found(owner: User, shop: Source, message_factory: MessageFactory) -> Message:
    message = message_factory(owner, "", question="Who cleans the shop?", not_found=True)
    Message.objects.filter(pk=message.pk).update(
        receipt={"given": 0, "sources": [{"name": "shop", "commit": "c" * 40, "live_at": ""}]}
    )
    return message


def get(client: Client, person: User, path: str) -> str:
    client.force_login(person)
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def decide(client: Client, person: User, case: Message, **given: object) -> int:
    client.force_login(person)
    filled = {"decision": "resolve", "question": "How many fit into a cart?", **given}
    return client.post(f"/curation/{case.pk}/", filled).status_code


LINES = {"source": "shop", "path": "shop/limits.py", "first": "3", "last": "4"}


def test_only_admins_get_the_pages(
    client: Client, owner: User, reader: User, outsider: User, case: Message
) -> None:
    for person in (owner, reader, outsider):
        client.force_login(person)
        for path in (*PAGES, f"/curation/{case.pk}/"):
            assert client.get(path).status_code == 404
        assert client.post(f"/curation/{case.pk}/", {"decision": "dismiss"}).status_code == 404
        assert client.post("/curation/lines/1/withdraw/").status_code == 404
        assert b"/curation/" not in client.get("/search/").content
    assert not Decision.objects.exists()


def test_a_curator_who_may_read_it_sees_the_case_with_what_was_said(
    client: Client, curator: User, case: Message, not_found: Message
) -> None:
    listed = get(client, curator, "/curation/")
    assert "How many fit?" in listed
    assert "Who cleans the shop?" in listed
    assert "Not found, though it is there" in listed
    shown = get(client, curator, f"/curation/{case.pk}/")
    assert "Holds too many" in shown
    assert "The limit stands in limits.py &lt;script&gt;" in shown
    assert "<script>alert" not in shown
    assert "path=shop/cart.py&amp;first=4&amp;last=8" in shown
    taken = get(
        client, curator, f"/curation/{case.pk}/?source=shop&path=shop/cart.py&first=4&last=8"
    )
    assert 'value="shop/cart.py"' in taken


def test_an_admin_without_the_grant_sees_that_there_is_something_and_no_word_of_it(
    client: Client, staff: User, case: Message, not_found: Message
) -> None:
    listed = get(client, staff, "/curation/")
    assert listed.count("Sealed: it rests on what you may not read.") == 2
    for word in ("How many fit?", "Who cleans", "limits.py", "shop"):
        assert word not in listed
    for message in (case, not_found):
        client.force_login(staff)
        assert client.get(f"/curation/{message.pk}/").status_code == 404
        assert decide(client, staff, message, answer="Ha") == 404
    assert not Decision.objects.exists()


def test_a_wall_inside_a_source_seals_a_case_too(
    client: Client, curator: User, case: Message
) -> None:
    group = Group.objects.get(name="readers")
    source = Source.objects.get()
    Grant.objects.create(group=group, source=source, path_pattern="shop/cart.py", allow=False)
    assert "How many fit?" not in get(client, curator, "/curation/")
    assert client.get(f"/curation/{case.pk}/").status_code == 404


def test_lines_are_attached_and_the_asker_is_told(
    client: Client, curator: User, owner: User, reader: User, case: Message
) -> None:
    given = {**LINES, "answer": "Ninety-nine.", "note": "<i>Agreed</i>."}
    assert decide(client, curator, case, **given) == 302
    lines = CuratedLines.objects.select_related("evidence").get()
    assert (lines.question, lines.by) == ("How many fit into a cart?", "curator")
    assert lines.evidence.path == "shop/limits.py"
    assert GoldenEntry.objects.get().query == "How many fit into a cart?"
    assert "How many fit?" not in get(client, curator, "/curation/")
    assert "How many fit?" in get(client, curator, "/curation/?state=resolved")
    said = get(client, owner, f"/messages/{case.pk}/feedback/")
    assert "curator says:" in said
    assert "Ninety-nine. &lt;i&gt;Agreed&lt;/i&gt;." in said
    assert "/files/shop/main/shop/limits.py?lines=3-4" in said
    assert "In use" in get(client, curator, "/curation/lines/")


def test_the_asker_is_told_nothing_of_lines_that_they_may_not_read(
    client: Client, curator: User, owner: User, case: Message
) -> None:
    assert decide(client, curator, case, **LINES, answer="Ninety-nine.") == 302
    keepers = Group.objects.create(name="keepers")
    curator.groups.set([keepers])
    source = Source.objects.get()
    Grant.objects.create(group=keepers, source=source)
    readers = Group.objects.get(name="readers")
    Grant.objects.create(group=readers, source=source, path_pattern="shop/limits.py", allow=False)
    said = get(client, owner, f"/messages/{case.pk}/feedback/")
    assert "Ninety-nine" not in said
    assert "limits.py?" not in said
    assert "curator says" not in said


def test_words_alone_are_told_and_come_back_for_nobody_else(
    client: Client, curator: User, owner: User, case: Message
) -> None:
    assert decide(client, curator, case, note="Ask the warehouse.") == 302
    assert not CuratedLines.objects.exists()
    assert not GoldenEntry.objects.exists()
    assert "Ask the warehouse." in get(client, owner, f"/messages/{case.pk}/feedback/")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"question": "", "note": "x"},
        {"question": "q" * 2001, "note": "x"},
        {"source": "shop"},
        {"source": "shop", "path": "shop/limits.py"},
        {**LINES, "first": "4", "last": "3"},
        {**LINES, "last": "900"},
        {**LINES, "last": "5000000000"},
        {**LINES, "path": "secret/nowhere.py"},
        {**LINES, "path": "a\0b"},
        {**LINES, "source": "nothing"},
        {**LINES, "expires_on": "2020-01-01"},
        {**LINES, "expires_on": "soon"},
        {"note": "x" * 2001},
    ],
)
def test_what_cannot_be_attached_is_refused_with_a_sentence(
    given: dict[str, object], client: Client, curator: User, case: Message
) -> None:
    assert decide(client, curator, case, **given) == 400
    assert not Decision.objects.exists()
    assert not CuratedLines.objects.exists()


def test_a_curator_cannot_attach_what_they_may_not_read(
    client: Client, curator: User, case: Message
) -> None:
    group = Group.objects.get(name="readers")
    source = Source.objects.get()
    Grant.objects.create(group=group, source=source, path_pattern="secret/", allow=False)
    given = {**LINES, "path": "secret/prices.py", "first": "1", "last": "2"}
    assert decide(client, curator, case, **given) == 400
    assert not CuratedLines.objects.exists()


def test_a_case_is_dismissed_and_opens_again_when_somebody_says_more(
    client: Client, curator: User, owner: User, case: Message
) -> None:
    client.force_login(curator)
    client.post(f"/curation/{case.pk}/", {"decision": "dismiss"})
    assert Decision.objects.get().outcome == "dismissed"
    assert list(queue(Filters())) == []
    assert list(queue(Filters(state="dismissed"))) == [case]
    assert "curator says" not in get(client, owner, f"/messages/{case.pk}/feedback/")
    give_feedback(owner, case, is_good=False, comment="Still wrong.")
    assert list(queue(Filters())) == [case]
    assert list(queue(Filters(state="dismissed"))) == []


def test_filters(
    owner: User, shop: Source, case: Message, not_found: Message, message_factory: MessageFactory
) -> None:
    good = message_factory(owner, "Fine [E1].", [lines_of(shop, "shop/cart.py", 1, 3)])
    give_feedback(owner, good, is_good=True)
    message_factory(owner, "Nobody says a word.")
    assert set(queue(Filters())) == {case, not_found}
    assert list(queue(Filters(kind="not_found"))) == [not_found]
    assert list(queue(Filters(kind="bad"))) == [case]
    assert list(queue(Filters(kind="good"))) == [good]
    assert list(queue(Filters(reason="wrong"))) == [case]
    assert list(queue(Filters(reason="slow"))) == []
    assert list(queue(Filters(source="shop"))) == [case]
    assert list(queue(Filters(source="nothing"))) == []
    assert Filters.of("x", "y", "z", "a\0b") == Filters()


def test_the_queue_has_pages(
    client: Client, curator: User, owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    piece = lines_of(shop, "shop/cart.py", 4, 8)
    for number in range(23):
        message = message_factory(owner, "No [E1].", [piece], question=f"Question {number:02}?")
        give_feedback(owner, message, is_good=False)
    first, second = (get(client, curator, f"/curation/?page={n}") for n in (1, 2))
    questions = [f"Question {number:02}?" for number in range(23)]
    assert (sum(q in first for q in questions), sum(q in second for q in questions)) == (20, 3)
    counts = []
    for number in (1, 2):
        with CaptureQueriesContext(connection) as queries:
            get(client, curator, f"/curation/?page={number}")
        counts.append(len(queries))
    assert counts[0] == counts[1]  # however full a page is


def test_of_many_curated_lines_only_those_that_are_shown_are_looked_up(
    client: Client, curator: User, case: Message
) -> None:
    assert decide(client, curator, case, **LINES) == 302
    (lines,) = CuratedLines.objects.all()
    CuratedLines.objects.bulk_create(
        CuratedLines(evidence_id=lines.evidence_id, question=f"Question {number:02}?", by="curator")
        for number in range(45)
    )
    counts = []
    for number, shown in ((1, 20), (3, 6)):
        with CaptureQueriesContext(connection) as queries:
            listed = get(client, curator, f"/curation/lines/?page={number}")
        assert listed.count("In use") == shown
        counts.append(len(queries))
    assert counts[0] < 110
    assert counts[1] < counts[0]
    with CaptureQueriesContext(connection) as queries:
        assert client.post(f"/curation/lines/{lines.pk}/withdraw/").status_code == 302
    assert len(queries) < 30


def test_curated_lines_are_taken_back_by_who_may_read_them(
    client: Client, curator: User, staff: User, case: Message
) -> None:
    assert decide(client, curator, case, **LINES, note="The warehouse.") == 302
    lines = CuratedLines.objects.get()
    listed = get(client, staff, "/curation/lines/")
    assert "How many fit" not in listed
    assert "limits" not in listed
    assert client.post(f"/curation/lines/{lines.pk}/withdraw/").status_code == 404
    client.force_login(curator)
    assert client.post(f"/curation/lines/{lines.pk}/withdraw/").status_code == 302
    assert not CuratedLines.objects.exists()


def test_the_report_counts_by_source_and_shows_no_question(
    client: Client, staff: User, owner: User, shop: Source, case: Message, not_found: Message,
    message_factory: MessageFactory, source_factory: SourceFactory,
) -> None:  # fmt: skip
    store = source_factory("store", {"shelf.py": "def shelf():\n    return 1\n"})
    near = message_factory(owner, "", question="Which shelf is free?", not_found=True)
    link(near, [lines_of(store, "shelf.py", 1, 2)], MessageEvidence.Role.NEAR)
    named = message_factory(owner, "", not_found=True, source_names=["shop"])
    message_factory(owner, "Fine.")
    old = message_factory(owner, "", not_found=True)
    Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(weeks=20))
    counted = report()
    assert {row.name: (row.not_found, row.missing) for row in counted.rows} == {
        "shop": (1, 1),
        "store": (1, 0),
        NOWHERE: (1, 0),
    }
    assert (counted.answers, counted.not_found, counted.missing) == (5, 3, 1)
    assert counted.plot is not None
    assert counted.plot.lines[0].newest == pytest.approx(3 / 5)
    assert named.pk
    shown = get(client, staff, "/curation/report/")
    assert "store" in shown
    for word in ("shelf is free", "How many fit", "Who cleans"):
        assert word not in shown


def test_the_report_of_nothing(client: Client, staff: User) -> None:
    assert "Everything was answered" in get(client, staff, "/curation/report/")


def test_a_dismissal_takes_no_lines_away(curator: User, case: Message, client: Client) -> None:
    assert decide(client, curator, case, **LINES) == 302
    dismiss(curator, case)
    assert CuratedLines.objects.count() == 1
