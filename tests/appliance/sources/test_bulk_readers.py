"""Who may read many sources is said once, when they are connected."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources.models import Grant
from indexer.models import Source

LINES = ["https://git.example.com/team/a.git a", "https://git.example.com/team/b.git b"]


@pytest.fixture
def group(db: None) -> Group:
    return Group.objects.create(name="developers")


def test_the_preview_offers_groups_and_the_chosen_one_may_read_them_all(
    client: Client, staff: User, group: Group
) -> None:
    client.force_login(staff)
    preview = client.post("/sources/connect/list/", {"text": "\n".join(LINES)}).content.decode()
    assert "May be read by" in preview
    assert "developers</option>" in preview
    page = client.post("/sources/connect/chosen/", {"line": LINES, "readers": group.pk})
    assert "developers may read them." in page.content.decode()
    grants = Grant.objects.order_by("source__name")
    assert [(one.source.name, one.holder, one.path_pattern, one.allow) for one in grants] == [
        ("a", group, "", True),
        ("b", group, "", True),
    ]
    recorded = Event.objects.filter(action="grant.added")
    assert {event.actor for event in recorded} == {staff.username}
    assert len(recorded) == 2


@pytest.mark.parametrize("given", [{}, {"readers": ""}])
def test_without_a_choice_nobody_may_read_them(
    client: Client, staff: User, group: Group, given: dict[str, str]
) -> None:
    client.force_login(staff)
    page = client.post("/sources/connect/chosen/", {"line": LINES, **given})
    assert "Grant the sources to a group" in page.content.decode()
    assert Source.objects.count() == 2
    assert not Grant.objects.exists()


def test_a_group_that_is_not_there_connects_nothing(client: Client, staff: User) -> None:
    client.force_login(staff)
    page = client.post("/sources/connect/chosen/", {"line": LINES, "readers": "4711"})
    assert page.status_code == 400
    assert not Source.objects.exists()


def test_a_source_that_was_there_before_is_not_opened(
    client: Client, staff: User, group: Group
) -> None:
    client.force_login(staff)
    client.post("/sources/connect/chosen/", {"line": LINES[:1]})
    client.post("/sources/connect/chosen/", {"line": LINES, "readers": group.pk})
    assert [grant.source.name for grant in Grant.objects.all()] == ["b"]


def test_the_command_grants_what_it_connects(db: None, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(LINES))
    call_command("connect_many", str(listed), "--grant", "developers", stdout=StringIO())
    assert {str(grant.holder) for grant in Grant.objects.all()} == {"developers"}
    assert Grant.objects.count() == 2
    unseen = tmp_path / "more.txt"
    unseen.write_text("https://git.example.com/team/c.git c\n")
    call_command("connect_many", str(unseen), "--grant", "x", "--dry-run", stdout=StringIO())
    assert not Group.objects.filter(name="x").exists()
