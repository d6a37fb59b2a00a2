"""Not found, with help: what was nearest and who may know, of what the reader may read alone."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.answering.events import Answered, Question, Searched
from appliance.conversations.answering.experts import experts_for
from appliance.conversations.answering.flow import answer
from appliance.conversations.models import MessageEvidence
from appliance.conversations.rendering import render_answer
from appliance.sources.access import scope_of
from appliance.sources.operators import scope_for
from indexer import clients
from indexer.models import Source
from indexer.retrieval.search import search
from indexer.scope import PathRule, Scope
from tests.appliance.conversations.conftest import FILES, MessageFactory, lines_of, link
from tests.conftest import RepositoryFactory, SourceFactory

OWNERS = "* @shop/everyone\nshop/ @shop/carts cart@example.com # who else\n"


@pytest.fixture
def shop(source_factory: SourceFactory, repository_factory: RepositoryFactory) -> Source:
    """A cart written by Ada, of which Grace changed a line, with owners."""
    repository = repository_factory({**FILES, "CODEOWNERS": OWNERS}, "shop")
    changed = FILES["shop/cart.py"].replace("return cart", "return cart  # done")
    repository.commit({"shop/cart.py": changed})
    repository.git("commit", "--amend", "--no-edit", "--author", "Grace \u202eXu <g@example.com>")
    return source_factory("shop", repository=repository)


def named(scope: Scope) -> list[tuple[str, str, str]]:
    hits = [h for h in search("add_item cart", scope=scope).hits if h.path == "shop/cart.py"]
    return [(one.name, one.path, one.how) for one in experts_for(hits, scope)]


def test_owners_come_before_authors_and_most_lines_first(shop: Source) -> None:
    assert named(scope_for(None)) == [
        ("@shop/carts", "shop/cart.py", "owner"),
        ("cart@example.com", "shop/cart.py", "owner"),
        ("Ada Example", "shop/cart.py", "author"),
        ("Grace Xu", "shop/cart.py", "author"),
    ]


def test_owners_are_not_read_from_a_file_that_is_closed(shop: Source) -> None:
    scope = Scope(rules=(PathRule(shop.pk, "shop/", True),))
    assert [how for _, _, how in named(scope)] == ["author", "author"]


def test_nobody_is_named_for_lines_that_may_not_be_read(shop: Source) -> None:
    hits = search("add_item cart", scope=scope_for(None)).hits
    assert experts_for(hits, Scope()) == ()


def test_nobody_is_named_without_a_mirror(shop: Source, settings: object, tmp_path: object) -> None:
    settings.MIRRORS_DIR = f"{tmp_path}/none"  # type: ignore[attr-defined]
    assert [how for _, _, how in named(scope_for(None))] == ["owner", "owner"]


def test_not_found_says_what_was_nearest_and_who_may_know(shop: Source) -> None:
    question = Question("Who won the football world cup in 1998?", scope_for(None))
    events = list(answer(question, client=clients.chat, budget=lambda client: None))  # type: ignore[arg-type,return-value]
    searched, end = events[0], events[-1]
    assert isinstance(searched, Searched)
    assert isinstance(end, Answered)
    assert end.not_found
    assert searched.is_near_miss
    assert 0 < len(searched.evidence) <= 3
    assert {one.source for one in end.receipt.experts} == {"shop"}


def not_found(owner: User, shop: Source, make: MessageFactory) -> str:
    message = make(owner, "", not_found=True)
    near = lines_of(shop, "shop/cart.py", 4, 9)
    link(message, [near], MessageEvidence.Role.NEAR)
    expert = {
        "name": "<i>Ada",
        "source": "shop",
        "path": "shop/cart.py",
        "how": "author",
        "lines": 3,
    }
    gone = {"name": "Eve", "source": "vault", "path": "vault.py", "how": "owner"}
    message.receipt |= {"experts": [expert, gone], "skipped": 3, "skipped_by": {"too_large": 3}}
    message.save()
    return f"/threads/{message.thread_id}/"


def test_the_page_shows_them_as_text(
    client: Client, owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    address = not_found(owner, shop, message_factory)
    client.force_login(owner)
    page = client.get(address).content.decode()
    assert "Who may know" in page
    assert "&lt;i&gt;Ada" in page
    assert "/shop/cart.py?lines=4-9#L4" in page
    assert "too large: 3" in page
    assert "Eve" not in page


def test_who_lost_access_sees_neither_lines_nor_names(
    client: Client, owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    address = not_found(owner, shop, message_factory)
    owner.groups.clear()
    client.force_login(owner)
    page = client.get(address).content.decode()
    assert "Sealed" in page
    assert "Ada" not in page
    assert "shop/cart.py" not in page


@pytest.mark.parametrize("person", ["reader", "outsider"])
def test_others_get_404(
    person: str,
    client: Client,
    owner: User,
    shop: Source,
    message_factory: MessageFactory,
    request: pytest.FixtureRequest,
) -> None:
    address = not_found(owner, shop, message_factory)
    client.force_login(request.getfixturevalue(person))
    assert client.get(address).status_code == 404


def test_when_its_source_is_gone_nobody_is_named(
    owner: User, shop: Source, message_factory: MessageFactory
) -> None:
    not_found(owner, shop, message_factory)
    message = owner.threads.get().messages.get(role="answer")
    message.evidence_links.all().delete()
    assert render_answer(message, scope_of(owner)).experts == ()
