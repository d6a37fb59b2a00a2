"""A source that its origin took back: nobody reads it, and who knew it learns that it is hidden."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.access import is_sealed
from appliance.sources.access import known_sources, operator_scope, readable_sources, scope_of
from appliance.sources.granting import set_grant
from appliance.web import health
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, lines_of, message_factory
from tests.conftest import SourceFactory

__all__ = ["message_factory"]

FILES: dict[str, str | bytes] = {
    "shop/cart.py": "def add_item(cart, item):\n    cart.append(item)\n    return cart\n",
}
REASON = "The server does not accept this credential."


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def hide(source: Source) -> None:
    Source.objects.filter(pk=source.pk).update(hidden_at=timezone.now(), hidden_reason=REASON)


def shows_code(client: Client, source: Source) -> list[bool]:
    """Return for each way to the code whether it leads there."""
    commit = source.refs.get().commit
    file = client.get(f"/files/shop/{commit}/shop/cart.py")
    return [
        b"cart.py" in client.get("/search/", {"q": "add item"}).content,
        b"cart.py" in client.get("/search/code/", {"q": "cart.append"}).content,
        b"cart.py" in client.get("/symbols/", {"name": "add_item"}).content,
        file.status_code == 200,
    ]


@pytest.mark.parametrize("person", ["owner", "reader"])
def test_readers_find_and_open_nothing_of_it_until_it_is_shown_again(
    person: str, client: Client, shop: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assert shows_code(client, shop) == [True, True, True, True]
    hide(shop)
    assert shows_code(client, shop) == [False, False, False, False]
    Source.objects.update(hidden_at=None, hidden_reason="")
    assert shows_code(client, shop) == [True, True, True, True]


@pytest.mark.parametrize("person", ["outsider", "staff"])
def test_who_is_granted_nothing_finds_nothing_before_and_after(
    person: str, client: Client, shop: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assert shows_code(client, shop) == [False, False, False, False]
    hide(shop)
    assert shows_code(client, shop) == [False, False, False, False]


def test_it_is_in_nobodys_scope(shop: Source, reader: User, outsider: User) -> None:
    hide(shop)
    assert scope_of(reader).source_ids == operator_scope().source_ids == frozenset()
    assert not readable_sources(reader).exists()
    assert [known_sources(user).count() for user in (reader, outsider)] == [1, 0]


def test_answers_from_it_are_sealed(
    shop: Source,
    owner: User,
    message_factory: MessageFactory,
) -> None:
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 1, 3)])
    assert not is_sealed(message, scope_of(owner))
    hide(shop)
    assert is_sealed(message, scope_of(owner))
    assert is_sealed(message, operator_scope())


def test_the_list_and_the_status_say_so_to_who_knew_it(
    client: Client, shop: Source, reader: User, outsider: User, staff: User
) -> None:
    hide(shop)
    for page in ("/sources/", "/status/"):
        told = []
        for user in (reader, staff, outsider):
            client.force_login(user)
            told.append(b"Hidden: its origin does not give it" in client.get(page).content)
        assert told == [True, True, False], page


def test_only_staff_read_the_reason(
    client: Client, shop: Source, reader: User, staff: User
) -> None:
    hide(shop)
    client.force_login(staff)
    assert REASON in client.get("/sources/shop/").content.decode()
    assert REASON in client.get("/sources/shop/why/", {"path": "x"}).content.decode()
    client.force_login(reader)
    for page in ("/sources/", "/sources/shop/why/?path=x"):
        assert REASON not in client.get(page).content.decode()


def test_why_tells_readers_that_it_is_hidden_and_nothing_of_its_paths(
    client: Client, shop: Source, reader: User, outsider: User
) -> None:
    set_grant("readers", shop, "private/", allow=False)
    hide(shop)
    client.force_login(reader)
    told = []
    for path in ("shop/cart.py", "private/plan.md", "nothing.at.all"):
        page = client.get("/sources/shop/why/", {"path": path})
        told.append(replace(page.context["explanation"], path=""))
        assert "shop is hidden since" in page.content.decode()
    assert told[0] == told[1] == told[2]
    client.force_login(outsider)
    refused = client.get("/sources/shop/why/", {"path": "shop/cart.py"})
    missing = client.get("/sources/nothing/why/", {"path": "shop/cart.py"})
    assert (refused.status_code, refused.content) == (404, missing.content)


def test_the_commands_say_the_same(shop: Source, reader: User, outsider: User) -> None:
    hide(shop)

    def why(*arguments: str) -> str:
        out = io.StringIO()
        call_command("why", "shop", "shop/cart.py", *arguments, stdout=out)
        return out.getvalue()

    assert REASON in why()
    assert "shop is hidden since" in why("--user", "reader")
    assert REASON not in why("--user", "reader")
    with pytest.raises(CommandError, match="There is no source called 'shop'"):
        why("--user", "outsider")
    out = io.StringIO()
    call_command("search", "add item", stdout=out)
    assert "cart.py" not in out.getvalue()


def test_the_checks_name_it(shop: Source) -> None:
    assert health.check_origins().state == "ok"
    hide(shop)
    check = health.check_origins()
    assert (check.state, "shop" in check.detail) == ("warning", True)
