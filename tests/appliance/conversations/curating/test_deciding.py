"""What curators decide: two at once, and where their words go with the lines and without."""

from __future__ import annotations

import re
import threading

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.curating.deciding import DecidedMeanwhile, dismiss, withdraw
from appliance.conversations.curating.recall import note_of
from appliance.conversations.models import CuratedLines, Decision, Message
from tests.appliance.conversations.curating.test_curation import LINES, decide, get
from tests.conftest import SourceFactory, UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_of_two_who_decide_the_second_is_told_and_may_decide_again(
    client: Client, curator: User, user_factory: UserFactory, case: Message
) -> None:
    other = user_factory("other", groups=("readers",), is_staff=True)
    seen = seen_by(client, other, case)
    assert seen == ""
    assert decide(client, curator, case, **LINES, note="First.", seen=seen) == 302
    client.force_login(other)
    second = {"decision": "resolve", "question": "How many?", "note": "Second.", "seen": seen}
    refused = client.post(f"/curation/{case.pk}/", second)
    assert refused.status_code == 400
    shown = refused.content.decode()
    assert "curator decided this case meanwhile" in shown
    assert "Second." in shown  # what was typed is not lost
    dismissed = client.post(f"/curation/{case.pk}/", {"decision": "dismiss", "seen": seen})
    assert dismissed.headers["Location"] == f"/curation/{case.pk}/"
    assert (Decision.objects.get().outcome, Decision.objects.get().by) == ("resolved", "curator")
    assert CuratedLines.objects.get().note == "First."
    again = seen_by(client, other, case)
    assert decide(client, other, case, note="Second.", seen=again) == 302
    assert (Decision.objects.get().by, Decision.objects.get().note) == ("other", "Second.")


def seen_by(client: Client, person: User, case: Message) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', get(client, person, f"/curation/{case.pk}/"))
    assert found is not None
    return found[1]


def test_of_two_who_decide_at_the_same_moment_one_is_told(curator: User, case: Message) -> None:
    outcomes: list[str] = []

    def decide_it() -> None:
        try:
            dismiss(curator, case, seen="")
            outcomes.append("done")
        except DecidedMeanwhile:
            outcomes.append("told")
        finally:
            connection.close()

    both = [threading.Thread(target=decide_it) for _ in range(2)]
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=case.pk)
        for one in both:
            one.start()
    for one in both:
        one.join(30)
    assert sorted(outcomes) == ["done", "told"]


@pytest.mark.parametrize("how", ["taken back", "removed"])
def test_words_about_lines_go_with_the_lines(
    how: str, client: Client, curator: User, owner: User, case: Message,
    source_factory: SourceFactory,
) -> None:  # fmt: skip
    """Or who may not read the lines would be told once the lines are gone."""
    store = source_factory("store", {"shelf.py": "MOST = 99\nLEAST = 1\n"}, grant="keepers")
    curator.groups.add(Group.objects.get(name="keepers"))
    given = {"source": "store", "path": "shelf.py", "first": "1", "answer": "CANARY.", "note": "C2"}
    assert decide(client, curator, case, **given) == 302
    assert "curator says" not in get(client, owner, f"/messages/{case.pk}/feedback/")
    assert "CANARY. C2" in note_of(CuratedLines.objects.get())
    if how == "removed":
        store.delete()
    else:
        withdraw(CuratedLines.objects.get())
    assert not CuratedLines.objects.exists()
    assert "curator says" not in get(client, owner, f"/messages/{case.pk}/feedback/")


def test_later_words_alone_stand_in_the_place_of_those_about_the_lines(
    client: Client, curator: User, owner: User, case: Message
) -> None:
    assert decide(client, curator, case, **LINES, answer="Ninety-eight.") == 302
    assert decide(client, curator, case, answer="Ninety-nine.") == 302
    said = get(client, owner, f"/messages/{case.pk}/feedback/")
    assert "Ninety-nine." in said
    assert "Ninety-eight." not in said
    assert "limits.py?lines=3-4" in said
