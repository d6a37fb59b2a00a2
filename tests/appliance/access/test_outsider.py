"""What an outsider gets is the same, byte for byte, whether the secret source is there or not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse

from appliance.accounts.models import User
from appliance.sources import managing
from appliance.sources.models import Grant, SavedSearch
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, lines_of, message_factory
from tests.conftest import SourceFactory, UserFactory

__all__ = ["message_factory"]

FILES: dict[str, str | bytes | None] = {
    "keys/safe.py": "def open_the_safe():\n    return combination_4711()\n",
}
# What differs between two answers to the same question: a token, the clock, and the time it took.
VARIES = re.compile(
    rb'name="csrfmiddlewaretoken" value="[^"]*"|<time.*?</time>|\d+(\.\d+)? ?(s|ms|seconds)\b', re.S
)
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "search": {"q": "open_the_safe combination_4711"},
    "code": {"q": "combination_4711"},
    "symbols": {"name": "open_the_safe"},
    "ask": {"source": "vault"},
    "source_why": {"path": "keys/safe.py"},
    "palette": {"q": "vault:keys"},
    "search_export": {"q": "open_the_safe combination_4711", "source": "vault"},
    "code_export": {"q": "combination_4711", "source": "vault"},
    "saved_search": {"page": "search", "q": "open_the_safe", "source": "vault"},  # no name yet
    "access": {"person": "keeper"},
    "access_who": {"source": "vault", "path": "keys/safe.py"},
}
# A stream, what programs on this machine count, and codes that are new each time.
LEFT_OUT = {"message_events", "metrics", "device_begin"}


def names() -> list[str]:
    """Return the name of every address of the product."""
    found = get_resolver().reverse_dict
    return sorted({name for name in found if isinstance(name, str)} - LEFT_OUT)


def address(name: str, known: Mapping[str, object]) -> str:
    """Return an address about the secret source, whatever it is made of."""
    ((_, keys),) = get_resolver().reverse_dict.getlist(name)[0][0][:1]
    return reverse(name, kwargs={key: known[key] for key in keys})


def answers(
    client: Client, known: Mapping[str, object]
) -> dict[tuple[str, str], tuple[int, bytes]]:
    """Ask every address, by reading and by sending a form."""
    got: dict[tuple[str, str], tuple[int, bytes]] = {}
    for name in names():
        place = address(name, known)
        if place.startswith("/accounts/"):
            continue
        for method in ("get", "post") if name not in {"theme", "ask"} else ("get",):
            response: HttpResponse = getattr(client, method)(place, QUESTIONS.get(name, {}))
            got[name, method] = (response.status_code, VARIES.sub(b"", response.content))
    return got


@pytest.mark.parametrize("groups", [(), ("readers",)])
def test_the_secret_source_might_as_well_not_be_there(
    client: Client,
    source_factory: SourceFactory,
    message_factory: MessageFactory,
    user_factory: UserFactory,
    groups: tuple[str, ...],
) -> None:
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    vault = source_factory("vault", FILES, grant="keepers")
    keeper: User = user_factory("keeper", groups=("keepers",))
    message = message_factory(keeper, "It is [E1].", [lines_of(vault, "keys/safe.py", 1, 2)])
    watched = SavedSearch.objects.create(owner=keeper, name="safes", query="open_the_safe")
    known: dict[str, object] = {
        "name": "vault",
        "source": "vault",
        "username": "keeper",
        "commit": vault.refs.get().commit,
        "path": "keys/safe.py",
        "thread_id": message.thread_id,
        "message_id": message.pk,
        "grant_id": Grant.objects.get(source=vault).pk,
        "hook_id": UUID(int=7),
        "number": 1,
        "key": "x",
        "ending": "csv",
        "slug": "vault",
        "kind": "oidc",
        "user_id": keeper.pk,
        "group_id": keeper.groups.get().pk,
        "session_id": 987654321,
        "search_id": watched.pk,
    }
    known |= dict.fromkeys(("share_id", "link_id", "lines_id", "credential_id", "run_id"), 1)
    known |= dict.fromkeys(("set_id", "entry_id", "adapter_id"), 1)
    known |= dict.fromkeys(("host_id", "person_id", "sequence", "token_id", "glass_id"), 1)
    known |= dict.fromkeys(("job_id", "pk", "provider_id", "hold_id"), 1)
    client.force_login(user_factory("stranger", groups=groups))
    there = answers(client, known)
    assert len(there) > 100
    for place, (_, body) in there.items():
        assert b"4711" not in body or place[0] in {"search", "code"}, place  # their own question
    managing.remove(vault)
    message.thread.delete()
    watched.delete()
    assert not Source.objects.filter(name="vault").exists()
    gone = answers(client, known)
    assert [place for place in there if there[place] != gone[place]] == []


def test_commands_as_an_outsider_say_the_same(
    source_factory: SourceFactory, outsider: User
) -> None:
    source_factory("vault", FILES, grant="keepers")
    said = []
    for name in ("vault", "nothing"):
        with pytest.raises(CommandError) as caught:
            call_command("why", name, "keys/safe.py", "--user", "outsider")
        said.append(str(caught.value).replace(name, "NAME"))
        with pytest.raises(CommandError) as caught:
            call_command("search", "safe", "--source", name, "--user", "outsider")
        said.append(str(caught.value).replace(name, "NAME"))
    assert said[:2] == said[2:]
