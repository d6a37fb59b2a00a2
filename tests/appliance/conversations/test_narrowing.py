"""A question narrowed to folders: searched there alone, kept in the thread, never more than before."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.models import Message, Thread, ThreadShare
from appliance.conversations.narrowing import Narrowing
from appliance.conversations.questions import question_of
from appliance.conversations.tasks import answer_question
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from appliance.sources.narrowing.folders import within_folders
from indexer.models import Source
from indexer.retrieval.search import search
from indexer.scope import PathRule, Scope
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

FILES = {
    "api/cart.py": "def add_item(cart):\n    return cart\n",
    "web/cart.py": "def show_cart(cart):\n    return cart\n",
    "webshop.py": "CART = 1\n",
    "vault/cart.py": "def hide_cart(cart):\n    return cart\n",
}


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def found(scope: Scope, *folders: str) -> set[str]:
    return {hit.path for hit in search("cart", scope=within_folders(scope, folders)).hits}


def test_only_the_chosen_folders_are_searched(shop: Source, reader: User) -> None:
    scope = scope_of(reader)
    assert found(scope) == set(FILES)
    assert found(scope, "shop:web") == {"web/cart.py"}
    assert found(scope, "shop:web/") == {"web/cart.py"}
    assert found(scope, "shop:web", "shop:webshop.py") == {"web/cart.py", "webshop.py"}
    assert found(scope, "shop:nowhere") == set()


def test_of_a_source_without_a_chosen_folder_all_is_searched(
    shop: Source, source_factory: SourceFactory, reader: User
) -> None:
    source_factory("tools", {"cart.md": "# Cart\n\nThe cart of tools.\n"})
    assert found(scope_of(reader), "shop:api") == {"api/cart.py", "cart.md"}


def test_narrowing_opens_nothing(shop: Source, outsider: User, reader: User) -> None:
    Grant.objects.create(user=reader, source=shop, path_pattern="vault/", allow=False)
    assert found(scope_of(reader), "shop:vault") == set()
    assert found(scope_of(reader), "shop:vault", "shop:api") == {"api/cart.py"}
    assert found(scope_of(outsider), "shop:api") == set()


def test_both_filters_agree(shop: Source) -> None:
    rules = (PathRule(shop.pk, "", True), PathRule(shop.pk, "vault", False))
    for folder in ("", "web", "we", "web/cart.py", "vault", "nowhere", "a'b%_"):
        for scope in (Scope(frozenset({shop.pk})), Scope(rules=rules)):
            part = scope.within([(shop.pk, folder)])
            here = {path for path in FILES if part.allows(shop.pk, path)}
            assert {hit.path for hit in search("cart", scope=part).hits} == here, folder
            assert all(scope.allows(shop.pk, path) for path in here), folder


def test_a_narrowed_scope_covers_no_wider_one() -> None:
    whole = Scope(frozenset({1}))
    part = whole.within([(1, "web")])
    assert whole.covers(part)
    assert not part.covers(whole)
    assert part.covers(part)
    assert part.narrowed_to([2]).folders == ()


def ask(client: Client, **fields: object) -> Message:
    answer = client.post("/", {"question": "Where is the cart?", **fields})
    assert answer.status_code == 302, answer.context["form"].errors
    thread = UUID(answer["Location"].split("/")[2])
    return Message.objects.get(thread=thread, role="answer")


def test_a_question_keeps_its_folders_and_so_does_the_next(
    shop: Source, client: Client, owner: User
) -> None:
    client.force_login(owner)
    message = ask(client, folders=["shop:web/", ""])
    assert (message.source_names, message.folders) == (["shop"], ["shop:web"])
    answer_question(str(message.pk))
    paths = set(message.evidence_links.values_list("evidence__path", flat=True))
    assert paths == {"web/cart.py"}
    page = client.get(f"/threads/{message.thread_id}/").content.decode()
    assert 'name="folders" value="shop:web"' in page
    kept = Narrowing.of_thread(message.thread, ["shop"])
    assert kept == Narrowing((), ("shop:web",))
    assert Narrowing.of_thread(message.thread, []) == Narrowing()


def test_an_address_narrows_and_words_it(shop: Source, client: Client, owner: User) -> None:
    client.force_login(owner)
    page = client.get("/?q=why+so&source=shop&source=none&folder=shop:api&folder=none:x&ref=main")
    form = page.context["form"]
    assert form["question"].value() == "why so"
    assert (page.context["chosen"], page.context["folders"]) == (["shop"], ["shop:api"])
    assert page.context["ref"] == "main"


def test_a_folder_that_is_not_there_is_refused_as_one_that_may_not_be_read(
    shop: Source, client: Client, owner: User
) -> None:
    Grant.objects.create(user=owner, source=shop, path_pattern="vault/", allow=False)
    client.force_login(owner)
    for folder in ("none:web", "shop:", "web", "shop:nowhere", "shop:\0", "shop:vault"):
        answer = client.post("/", {"question": "Where?", "folders": folder})
        assert answer.status_code == 400
        assert answer.context["form"].errors["folders"] == [
            f"There is no {folder} that you may read. A folder is written source:path."
        ]
    assert Message.objects.count() == 0


def test_whom_a_thread_is_shared_with_is_told_of_no_folder_they_may_not_know(
    shop: Source, client: Client, owner: User, reader: User
) -> None:
    client.force_login(owner)
    message = ask(client, folders=["shop:web"])
    ThreadShare.objects.create(thread=message.thread, created_by=owner, user=reader)
    client.force_login(reader)
    assert b"shop:web" in client.get(f"/threads/{message.thread_id}/").content
    Grant.objects.create(user=reader, source=shop, path_pattern="web/", allow=False)
    assert b"shop:web" not in client.get(f"/threads/{message.thread_id}/").content


def test_a_mentioned_file_is_put_into_the_prompt(shop: Source, client: Client, owner: User) -> None:
    Grant.objects.create(user=owner, source=shop, path_pattern="vault/", allow=False)
    client.force_login(owner)
    words = "What do @shop:api/cart.py, @shop:vault/cart.py and @none:x and a@shop:web/cart.py do?"
    message = ask(client, question=words, folders=["shop:web"])
    assert message.wanted == {"drop": [], "add": [["shop", "api/cart.py"]]}
    assert message.folders == ["shop:web", "shop:api/cart.py"]
    question, _ = question_of(message)
    assert question.scope.allows(shop.pk, "api/cart.py")
    assert not question.scope.allows(shop.pk, "vault/cart.py")
    assert Thread.objects.get().title.startswith("What do @shop:api/cart.py")
