"""Curators: admins who may read what a case is about, and those who may not."""

from __future__ import annotations

import pytest

from appliance.accounts.models import User
from appliance.conversations.curating.giving import give_feedback
from appliance.conversations.models import Message
from appliance.conversations.tasks import answer_question
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, lines_of
from tests.conftest import RepositoryFactory, SourceFactory, UserFactory
from tests.gitrepos import Repository

LIMITS = '''"""Limits."""

# How many of each item a customer may hold: agreed with the warehouse.
MOST_OF_EACH = 99
'''
CART = '''"""Shopping carts."""


def add_item(cart, item):
    """Add an item to the shopping cart unless it holds too many."""
    if cart.count(item) >= limits.MOST_OF_EACH:
        raise CartFull(item)
    cart.append(item)
'''
SECRET = '"""Prices."""\n\nMARGIN_PERCENT = 31\n'
COMMENT = "The limit stands in limits.py <script>alert(1)</script>"
FILES = {"shop/cart.py": CART, "shop/limits.py": LIMITS, "secret/prices.py": SECRET}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES, "shop")


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


@pytest.fixture
def curator(user_factory: UserFactory) -> User:
    """An admin who may read what the readers may."""
    return user_factory("curator", groups=("readers",), is_staff=True)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    # The edge to Celery; the tests run the task themselves.
    monkeypatch.setattr(answer_question, "delay", lambda message_id: None)


@pytest.fixture
def case(owner: User, shop: Source, message_factory: MessageFactory) -> Message:
    """An answer that its owner found wrong."""
    piece = lines_of(shop, "shop/cart.py", 4, 8)
    message = message_factory(owner, "Holds too many [E1].", [piece], question="How many fit?")
    give_feedback(owner, message, is_good=False, reasons=["wrong", "not_found"], comment=COMMENT)
    return message
