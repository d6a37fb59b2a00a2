"""First questions are made of what one may read, and tell nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations import starting
from appliance.conversations.starting import first_questions, questions_for
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.models import Commit, Source
from indexer.scope import Scope
from tests.conftest import SourceFactory, UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

README = """# Shop

## Installation

pip install shop

```sh
## Not a heading
```

## How carts are kept
"""
FILES = {
    "README.md": README,
    "shop/cart.py": "def add_item(cart):\n    return cart\n\n\ndef _hidden_item():\n    return 1\n",
    "shop/till.py": "from shop.cart import add_item\n\n\ndef add_up(cart):\n    return add_item(cart)\n",
    "vault/opening.py": "def open_the_vault():\n    return 1\n",
}


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    starting._kept.cache_clear()
    yield
    starting._kept.cache_clear()


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def test_a_reader_gets_one_of_each_kind(shop: Source, reader: User) -> None:
    newest = Commit.objects.filter(source=shop).latest("committed_at")
    Commit.objects.filter(pk=newest.pk).update(message="Count carts twice\n\nBecause of rain.")
    assert first_questions(reader) == [
        "What does add_item do, and where is it used?",
        "What does shop say about \u201cHow carts are kept\u201d?",
        "What changed in shop with \u201cCount carts twice\u201d?",
    ]


def test_an_outsider_gets_none(shop: Source, outsider: User) -> None:
    assert first_questions(outsider) == []
    assert questions_for(Scope()) == ()


def test_what_is_denied_is_not_spoken_of(shop: Source, reader: User) -> None:
    for pattern in ("shop/", "README.md"):
        Grant.objects.create(user=reader, source=shop, path_pattern=pattern, allow=False)
    Commit.objects.filter(source=shop).update(message="Count carts in the shop folder")
    told = " ".join(questions_for(scope_of(reader)))
    assert "open_the_vault" in told
    for word in ("add_item", "carts", "add_up"):
        assert word not in told


def test_what_is_kept_for_one_scope_is_not_given_to_another(
    shop: Source, reader: User, outsider: User, user_factory: UserFactory
) -> None:
    partial = user_factory("partial")
    Grant.objects.create(user=partial, source=shop, path_pattern="vault/")
    assert "add_item" in first_questions(reader)[0]
    assert "add_item" not in " ".join(first_questions(partial))
    assert first_questions(outsider) == []
    Grant.objects.filter(source=shop).delete()
    assert first_questions(reader) == []


def test_a_source_of_which_nothing_is_known_gets_plain_questions(
    source_factory: SourceFactory, reader: User
) -> None:
    source_factory("bare", {"notes.txt": "nothing much\n"})
    questions = first_questions(reader)
    assert len(questions) == 3
    assert all("bare" in question for question in questions)


def test_a_hostile_heading_and_name_are_text_or_nothing(
    source_factory: SourceFactory, client: Client, reader: User
) -> None:
    source_factory("odd", {"README.md": "# x\n\n## <img src=x onerror=alert(1)>\n\n## `rm -rf`\n"})
    client.force_login(reader)
    page = client.get("/").content.decode()
    assert "onerror" not in page
    assert "rm -rf" not in page


def test_the_page_shows_them(shop: Source, client: Client, reader: User) -> None:
    client.force_login(reader)
    assert "What does add_item do" in client.get("/").content.decode()
