"""Follow-ups come from what lies beside the evidence, for the owner alone, and within the scope."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.models import Evidence, Message, ThreadShare
from appliance.conversations.suggesting import follow_ups
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.models import Source
from indexer.scope import Scope
from tests.appliance.conversations.conftest import MessageFactory, lines_of
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

FILES = {
    "shop/cart.py": "def add_item(cart):\n    return cart\n\n\ndef take_out(cart):\n    return cart\n",
    "shop/till.py": "from shop.cart import add_item\n\nadd_item([])\n",
    "tests/test_cart.py": "from shop.cart import add_item\n\n\ndef test_adds():\n    assert add_item([])\n",
    "shop/vault.py": "def open_vault():\n    return 1\n",
}


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def answer(shop: Source, owner: User, message_factory: MessageFactory) -> Message:
    message = message_factory(owner, "It adds [E1].", [lines_of(shop, "shop/cart.py", 1, 2)])
    Evidence.objects.update(symbol="add_item")
    return message


def test_an_owner_is_offered_what_lies_beside(answer: Message, owner: User) -> None:
    assert follow_ups(answer, scope_of(owner)) == [
        "Where is add_item used?",
        "What does take_out in shop/cart.py do?",
        "What does tests/test_cart.py test?",
    ]


def test_what_may_not_be_read_is_not_spoken_of(answer: Message, shop: Source, owner: User) -> None:
    for pattern in ("tests/", "shop/vault.py"):
        Grant.objects.create(user=owner, source=shop, path_pattern=pattern, allow=False)
    told = follow_ups(answer, scope_of(owner))
    assert "How does shop/till.py go together with shop/cart.py?" in told
    assert not [one for one in told if "test_cart" in one or "vault" in one]
    assert follow_ups(answer, Scope()) == []


def test_an_answer_that_is_none_has_no_follow_up(answer: Message, owner: User) -> None:
    for field, value in (("not_found", True), ("state", "failed"), ("state", "writing")):
        before = getattr(answer, field)
        setattr(answer, field, value)
        assert follow_ups(answer, scope_of(owner)) == []
        setattr(answer, field, before)
    assert follow_ups(answer, scope_of(owner))


def test_the_address_is_the_owners_alone(
    answer: Message, shop: Source, client: Client, owner: User, reader: User, outsider: User
) -> None:
    address = f"/messages/{answer.pk}/next/"
    client.force_login(owner)
    page = client.get(address)
    assert page.status_code == 200
    assert 'value="Where is add_item used?"' in page.content.decode()
    ThreadShare.objects.create(thread=answer.thread, created_by=owner, user=reader)
    for person in (reader, outsider):
        client.force_login(person)
        assert client.get(address).status_code == 404
    Grant.objects.filter(source=shop).delete()  # sealed for its owner too
    client.force_login(owner)
    assert client.get(address).status_code == 404
