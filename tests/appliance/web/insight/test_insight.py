"""Insight: counts of use, quality and holdings, for admins alone, and of nobody by themselves."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.recording import record
from appliance.conversations.models import Feedback, Message, Thread
from appliance.web.insight.counting import quality_in, usage_in
from appliance.web.insight.holdings import holdings
from appliance.web.insight.period import Period
from tests.conftest import SourceFactory, UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

TOMORROW = timedelta(days=1)  # when what is done in a test can be told


def seen_tomorrow(text: str) -> Period:
    return Period.read(text, timezone.now() + TOMORROW)


MONTH = seen_tomorrow("30")


@pytest.fixture
def tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a day go by for pages: of Django's own, because the record takes no earlier moment."""
    real = timezone.localdate

    def localdate(at: datetime | None = None, zone: tzinfo | None = None) -> date:
        return real(at or timezone.now() + TOMORROW, zone)

    monkeypatch.setattr(timezone, "localdate", localdate)


@pytest.fixture
def people(user_factory: UserFactory) -> list[User]:
    return [user_factory(f"a-person-{number}") for number in range(4)]


def answer(owner: User, *, days_ago: int = 0, **fields: Any) -> Message:
    thread = Thread.objects.create(owner=owner, title="a canary of words")
    created_at = timezone.now() - timedelta(days=days_ago)
    return Message.objects.create(
        thread=thread, role=Message.Role.ANSWER, created_at=created_at, **fields
    )


def test_periods_are_in_days_or_weeks_and_odd_ones_are_thirty_days() -> None:
    assert [len(Period.read(text).starts) for text in ("7", "30", "", "x", "-1", "9" * 99)] == [
        7, 30, 30, 30, 30, 30,
    ]  # fmt: skip
    year = Period.read("365")
    assert year.is_by_week
    assert len(year.starts) in {53, 54}
    assert all(start.weekday() == 0 for start in year.starts)
    yesterday = timezone.localdate() - timedelta(days=1)
    assert year.start_of(yesterday) == year.starts[-1]


def test_answers_are_counted_with_their_citations_and_waits(people: list[User]) -> None:
    checks = {"counts": {"supported": 3, "doubtful": 1, "unsupported": 1}}
    for number, person in enumerate(people):
        answer(person, checks=checks, usage={"first_words_s": 1.0 + number}, seconds=5.0)
    answer(people[0], not_found=True)
    answer(people[0], state=Message.State.FAILED)
    answer(people[0], state=Message.State.QUEUED)
    total = quality_in(MONTH).total
    assert (total.people, total.counts["questions"], total.counts["failed"]) == (4, 6, 1)
    assert total.share["supported"] == pytest.approx(0.6)
    assert total.share["not_found"] == pytest.approx(1 / 6)
    assert (total.first_words_p50, total.first_words_p95, total.seconds_p50) == (2.5, 4.0, 5.0)


def test_what_too_few_people_did_is_not_told_nor_to_be_worked_out(people: list[User]) -> None:
    for person in people:
        answer(person)
    for person in people[:2]:
        answer(person, days_ago=1)
    table = usage_in(MONTH)
    assert (table.rows[-1].told("questions"), table.rows[-2].told("questions")) == (4, None)
    assert table.rows[-3].told("questions") == 0
    assert (table.total.told("questions"), table.is_partial) == (4, True)
    assert table.total.told("good") == 0
    answer(people[0], days_ago=20)
    assert usage_in(seen_tomorrow("7")).total.told("questions") == 4
    year = usage_in(seen_tomorrow("365"))  # the weeks less the days must not give it away
    assert sum(year.values("questions")) == 4


def test_two_looks_at_one_day_do_not_tell_what_one_person_did_between_them(
    client: Client, staff: User, people: list[User]
) -> None:
    """The difference of two exports would be that of one person, with the time and the outcome."""

    def told() -> list[bytes]:
        names = ("usage", "quality")
        return [client.get(f"/manage/insight/{name}.csv").content for name in names]

    client.force_login(staff)
    for person in people:
        answer(person, days_ago=1)
        answer(person)
    before = told()
    record(Action.SEARCHED, actor=people[0])
    asked = answer(people[0], not_found=True, seconds=7.5)
    Feedback.objects.create(message=asked, person=people[0], is_good=False)
    assert told() == before


def test_no_other_page_for_admins_tells_of_too_few(
    client: Client, staff: User, people: list[User]
) -> None:
    """What is left out here could be read off any other table of the same days."""
    for person in people[:2]:
        for _ in range(1234):
            answer(person, days_ago=2)
    client.force_login(staff)
    for path in ("/manage/", "/manage/insight/", "/manage/insight/quality.csv"):
        page = client.get(path).content.decode()
        assert not {"1234", "1,234", "2468", "2,468"} & set(re.findall(r"[\d,]+", page)), path


def test_one_who_asks_does_not_hide_among_those_who_search(people: list[User]) -> None:
    for person in people:
        record(Action.SEARCHED, actor=person)
        record(Action.CODE_SEARCHED, actor=person)
    record(Action.SEARCHED, actor="command line")
    asked = answer(people[0])
    Feedback.objects.create(message=asked, person=people[0], is_good=False)
    row = usage_in(MONTH).rows[-1]
    names = ("questions", "searches", "code_searches")
    assert [row.told(name) for name in names] == [None, 4, 4]
    assert quality_in(MONTH).rows[-1].told("bad") is None


def test_sources_are_held_with_reasons_and_grants(source_factory: SourceFactory) -> None:
    source_factory("shop", {"a.py": "x = 1\n", "b.bin": b"\0\1"})
    source_factory("pay", {"a.py": "x = 1\n"}, grant=None)
    held = holdings()
    assert [(one.name, one.files, one.skipped, one.is_granted) for one in held.sources] == [
        ("pay", 1, 0, False), ("shop", 1, 1, True),
    ]  # fmt: skip
    assert (held.files, held.skipped, held.ungranted) == (2, 1, 1)
    assert held.reasons == (("binary", 1),)
    assert held.share == pytest.approx(2 / 3)
    assert sum(count for _, count in held.ages) == 2
    later = holdings(timezone.now() + timedelta(days=2))
    assert dict(later.ages)["a week"] == 2


def test_the_page_is_for_admins_and_names_nobody(
    client: Client,
    staff: User,
    reader: User,
    people: list[User],
    source_factory: SourceFactory,
    tomorrow: None,
) -> None:
    source_factory("shop", {"a.py": "x = 1\n"})
    for person in people:
        answer(person, text="a canary of words", query="a canary of words")
    paths = ["/manage/insight/", *(f"/manage/insight/{name}.csv" for name in
             ("usage", "quality", "coverage", "freshness", "unanswered"))]  # fmt: skip
    for path in paths:
        client.force_login(reader)
        assert client.get(path).status_code == 404
        client.force_login(staff)
        for days in ("7", "90", "'"):
            answered = client.get(path, {"days": days})
            assert answered.status_code == 200
            told = answered.content.decode()
            assert "canary" not in told
            assert not any(person.username in told for person in people)


def test_tables_leave_empty_what_is_not_told(
    client: Client, staff: User, people: list[User], tomorrow: None
) -> None:
    for person in people:
        record(Action.SEARCHED, actor=person)
    answer(people[0])
    client.force_login(staff)
    text = client.get("/manage/insight/usage.csv").content.decode()
    last = list(csv.DictReader(io.StringIO(text)))[-1]
    assert (last["people"], last["questions"], last["searches"]) == ("4", "", "4")
    text = client.get("/manage/insight/quality.csv").content.decode()
    assert len(list(csv.DictReader(io.StringIO(text)))) == 30


def test_what_was_not_answered_is_drawn_and_taken_away(
    client: Client, staff: User, people: list[User], source_factory: SourceFactory
) -> None:
    source_factory("shop", {"a.py": "x = 1\n"})
    client.force_login(staff)
    assert "insight/unanswered.csv" not in client.get("/manage/insight/").content.decode()
    for person in people:
        answer(person, not_found=True, source_names=["shop"])
    answer(people[0])
    page = client.get("/manage/insight/").content.decode()
    assert "insight/unanswered.csv" in page
    assert "Share of unanswered questions by week" in page
    text = client.get("/manage/insight/unanswered.csv").content.decode()
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["source"], row["not_found"], row["said_to_be_there"]) == ("shop", "4", "0")
