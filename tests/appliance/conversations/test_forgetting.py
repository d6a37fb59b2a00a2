"""What answers keep beside their words of a removed source is forgotten; of others nothing is."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.accounts.models import User
from appliance.conversations.access import is_sealed
from appliance.conversations.models import Message
from appliance.conversations.tasks import forget_removed
from appliance.sources.access import scope_of
from appliance.sources.managing import remove
from indexer.models import Source
from tests.appliance.conversations.conftest import FILES, MessageFactory
from tests.conftest import SourceFactory

CANARY = "canary_19ac"


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def store(source_factory: SourceFactory) -> Source:
    return source_factory("store", FILES)


def step(source: Source) -> dict[str, Any]:
    return {"number": 1, "title": f"Read {CANARY}", "places": [[source.pk, f"{CANARY}.py"]]}


def patch(source: Source) -> dict[str, Any]:
    return {"source_id": source.pk, "diff": CANARY, "files": [{"path": f"{CANARY}.py"}]}


def kept(message: Message) -> str:
    message.refresh_from_db()
    return repr((message.steps, message.patches, message.prompt, message.wanted, message.receipt))


@pytest.mark.parametrize("what", ["steps", "patches", "wanted"])
def test_what_names_a_removed_source_goes_and_the_answer_stays_sealed(
    what: str, owner: User, shop: Source, store: Source, message_factory: MessageFactory
) -> None:
    values: dict[str, Any] = {
        "steps": [step(store), step(shop)],
        "patches": [patch(shop)],
        "wanted": {"drop": [["shop", f"{CANARY}.py"]], "add": []},
    }
    message = message_factory(owner, "It adds.", **{what: values[what]})
    message.prompt = {"reminder": CANARY} if what != "wanted" else {}
    message.receipt |= {"options": [CANARY] if what != "wanted" else [], "experts": []}
    message.save()
    assert CANARY in kept(message)
    remove(shop)
    forget_removed()
    assert CANARY not in kept(message)
    # A wish names files, it rests on none.
    assert is_sealed(message, scope_of(owner)) == (what != "wanted")


def test_what_names_other_sources_stays(
    owner: User, shop: Source, store: Source, message_factory: MessageFactory
) -> None:
    message = message_factory(
        owner,
        "It adds.",
        steps=[step(store)],
        patches=[patch(store)],
        wanted={"drop": [], "add": [["store", "a.py"]]},
    )
    before = kept(message)
    remove(shop)
    forget_removed()
    assert kept(message) == before
    assert not is_sealed(message, scope_of(owner))


def test_forgetting_twice_changes_nothing_more(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "It adds.", steps=[step(shop)])
    remove(shop)
    forget_removed()
    once = kept(message)
    forget_removed()
    assert kept(message) == once


@pytest.mark.parametrize("who", ["experts", "writers"])
def test_who_is_named_for_lines_of_a_removed_source_is_forgotten(
    who: str, owner: User, shop: Source, store: Source, message_factory: MessageFactory
) -> None:
    def named(source: Source) -> dict[str, Any]:
        return {"name": CANARY, "source": source.name, "path": f"{CANARY}.py", "how": "author"}

    of_both = message_factory(owner, "It adds.")
    of_another = message_factory(owner, "It adds.")
    of_both.receipt |= {who: [named(store), named(shop)]}
    of_another.receipt |= {who: [named(store)]}
    for message in (of_both, of_another):
        message.save()
    remove(shop)
    forget_removed()
    assert CANARY not in kept(of_both)
    assert CANARY in kept(of_another)
