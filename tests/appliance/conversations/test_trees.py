"""Paths, forks and what lies below, without a database; and nodes as they are read from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from pytest_django import DjangoAssertNumQueries

from appliance.accounts.models import User
from appliance.conversations.models import Message, Thread
from appliance.conversations.trees import Fork, Node, Tree, nodes_of
from tests.appliance.conversations.conftest import FILES, lines_of
from tests.appliance.conversations.planting import ask, say
from tests.conftest import SourceFactory

START = datetime(2026, 1, 1, tzinfo=UTC)
THREAD = UUID(int=99)


def node(number: int, parent: int | None = None, *, minute: int | None = None) -> Node:
    """Make a node; odd ones are questions."""
    return Node(
        id=UUID(int=number),
        thread_id=THREAD,
        parent_id=UUID(int=parent) if parent else None,
        role="question" if number % 2 else "answer",
        created_at=START + timedelta(minutes=number if minute is None else minute),
        places=frozenset(),
        is_complete=True,
        is_copied=False,
    )


# 1 ─ 2 ─ 3 ─ 4       1 asked, 2 and 6 answer it; 3 and 5 follow on 2
#     │   5 ─ 8
#     6
TREE = Tree((node(1), node(2, 1), node(3, 2), node(4, 3), node(5, 2), node(6, 1), node(8, 5)))


def numbers(nodes: list[Node]) -> list[int]:
    return [one.id.int for one in nodes]


def test_without_a_message_the_path_leads_to_the_newest() -> None:
    assert numbers(TREE.path_through(None)) == [1, 2, 5, 8]


def test_a_path_goes_through_a_message_to_the_newest_after_it() -> None:
    paths = {
        number: numbers(TREE.path_through(UUID(int=number))) for number in (1, 2, 3, 4, 5, 6, 8)
    }
    assert paths == {
        1: [1, 2, 5, 8],
        2: [1, 2, 5, 8],
        3: [1, 2, 3, 4],
        4: [1, 2, 3, 4],
        5: [1, 2, 5, 8],
        6: [1, 6],
        8: [1, 2, 5, 8],
    }


def test_a_message_that_is_not_of_the_thread_asks_for_nothing() -> None:
    assert TREE.path_through(UUID(int=77)) == TREE.path_through(None)
    assert Tree().path_through(UUID(int=1)) == []


def test_a_fork_says_where_a_message_stands_among_its_siblings() -> None:
    two, six = UUID(int=2), UUID(int=6)
    assert TREE.fork_at(TREE.by_id[two]) == Fork(1, 2, None, six)
    assert TREE.fork_at(TREE.by_id[six]) == Fork(2, 2, two, None)
    assert TREE.fork_at(TREE.by_id[UUID(int=1)]) is None
    assert TREE.fork_at(TREE.by_id[UUID(int=4)]) is None


def test_first_questions_are_siblings_too() -> None:
    tree = Tree((node(1), node(3), node(5)))
    assert tree.fork_at(tree.by_id[UUID(int=3)]) == Fork(2, 3, UUID(int=1), UUID(int=5))


def test_what_is_below_comes_after_what_it_follows_on() -> None:
    assert numbers(list(TREE.below())) == [1, 2, 3, 4, 5, 8, 6]
    assert numbers(list(TREE.below(UUID(int=2)))) == [3, 4, 5, 8]
    assert numbers(TREE.with_all_below(TREE.by_id[UUID(int=5)])) == [5, 8]


def test_messages_of_one_moment_have_an_order() -> None:
    tree = Tree((node(1), node(4, 1, minute=2), node(2, 1, minute=2)))
    assert numbers(tree.path_through(None)) == [1, 4]


def test_a_thread_may_be_longer_than_python_recurses() -> None:
    tree = Tree((node(1), *(node(number, number - 1) for number in range(2, 3001))))
    assert len(tree.path_through(None)) == len(list(tree.below())) == 3000


def test_a_node_knows_all_that_its_message_rests_on(
    owner: User,
    source_factory: SourceFactory,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    shop = source_factory("shop", FILES)
    question = ask(Thread.objects.create(owner=owner, title="Carts"), "How?")
    say(
        question,
        "Adds [E1].",
        [lines_of(shop, "shop/cart.py", 4, 9)],
        receipt={"given": 2, "behind": [[7, "earlier.py"]]},
        steps=[{"number": 1, "places": [[8, "read.py"]]}, {"number": 2, "places": []}],
        patches=[{"source_id": 9, "files": [{"path": "changed.py"}]}],
    )
    with django_assert_num_queries(2):
        asked, answered = nodes_of(Message.objects.all())
    assert (asked.places, asked.is_complete, asked.is_question) == (frozenset(), True, True)
    assert answered.places == {
        (shop.pk, "shop/cart.py"),
        (7, "earlier.py"),
        (8, "read.py"),
        (9, "changed.py"),
    }
    assert not answered.is_complete  # one of its two pieces is gone
