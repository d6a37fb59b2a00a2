"""Every action stays within the sources and the ref that a question is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from appliance.conversations.answering.steps import FoundLines
from indexer.models import Source
from inference.fake_server import FakeServer
from tests.appliance.conversations.answering.pairing.conftest import pair, plan, steps_of
from tests.conftest import RepositoryFactory, SourceFactory

Planning = Callable[..., FakeServer]
OLD = 'def add_item(cart):\n    """Add an item to the cart, at most forty."""\n    limit_it(40)\n'
NEW = 'def add_item(cart):\n    """Add an item to the cart, at most fifty."""\n    limit_it(50)\n'
USE = "from cart import add_item\n\n\ndef fill(cart):\n    add_item(cart)  # x-marks-it\n"
ADD = "How does add_item add an item to the cart?"
ACTIONS = [
    plan("read", place="cart.py"),
    plan("read", place="P1"),
    plan("read", place="cart.py:1-2"),
    plan("references", "add_item"),
    plan("references", "limit_it"),
    plan("references", "x-marks-it"),
    plan("search", "limit of the cart"),
    plan("history", "cart"),
    plan("history", place="cart.py"),
]


@pytest.fixture
def shop(source_factory: SourceFactory, repository_factory: RepositoryFactory) -> Source:
    repository = repository_factory({"cart.py": OLD, "fill.py": USE}, "shop")
    repository.git("tag", "v1")
    repository.commit({"cart.py": NEW, "fill.py": f"{USE}\n# filled\n"})
    return source_factory("shop", repository=repository, refs=("main", "v*"))


@pytest.fixture
def store(source_factory: SourceFactory) -> Source:
    return source_factory("store", {"cart.py": f"{NEW}\n# of the store\n", "fill.py": USE})


def found(*plans: str, planning: Planning, **fields: Any) -> list[FoundLines]:
    planning(*plans)
    steps = steps_of(list(pair(ADD, **fields)))
    return [lines for step in steps for lines in step.found]


@pytest.mark.parametrize("action", ACTIONS)
def test_only_the_chosen_sources_are_looked_at(
    action: str, shop: Source, store: Source, planning: Planning
) -> None:
    lines = found(action, planning=planning, source_names=("store",))
    assert {one.source for one in lines} == {"store"}


@pytest.mark.parametrize("action", ACTIONS)
def test_only_the_chosen_ref_is_looked_at(
    action: str, shop: Source, store: Source, planning: Planning
) -> None:
    lines = found(action, planning=planning, ref="v1")
    commit = shop.refs.get(name="v1").commit
    assert {(one.source, one.commit) for one in lines} == {("shop", commit)}


@pytest.mark.parametrize(
    ("action", "spans"),
    [
        (plan("references", "x-marks-it"), [(4, 5)]),
        (plan("read", place="fill.py:5"), [(4, 5)]),
        (plan("read", place="fill.py#L1-L1"), [(1, 1)]),
        (plan("read", place="shop/fill.py lines 1-2"), [(1, 2)]),
        (plan("read", place="fill.py:900-999"), []),
        (plan("read", place="fill.py:0-0"), []),
        (plan("read", place="../fill.py"), []),
        (plan("read", place="P77"), []),
        (plan("read", place="%"), []),
        (plan("references", "'; DROP TABLE indexer_blob; --"), []),
        (plan("references", "no_such_name"), []),
        (plan("history", place="P1"), [(1, 7)]),
    ],
)
def test_an_action_finds_exactly_these_lines(
    action: str, spans: list[tuple[int, int]], shop: Source, planning: Planning
) -> None:
    planning(action)
    second = steps_of(list(pair(ADD)))[1]
    assert [(one.span.start_line, one.span.end_line) for one in second.found] == spans
