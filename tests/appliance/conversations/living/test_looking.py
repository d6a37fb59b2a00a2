"""Cited lines after a sync: fresh, moved, changed, gone, over real repositories."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations.living.access import changed_answers_of
from appliance.conversations.living.looking import citations_to_look_at, look_around
from appliance.conversations.models import (
    ChangedAnswer,
    CitationState,
    Evidence,
)
from appliance.conversations.rendering import render_answer
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.ingestion.inline import sync_now
from indexer.models import Ref, Source
from tests.appliance.conversations.conftest import CART, MessageFactory, lines_of
from tests.appliance.conversations.living.changing import ABOVE, BELOW, INSIDE, change, state_of
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


CASES: dict[str, tuple[dict[str, str | bytes | None], tuple[str, str, int, int]]] = {
    "another file": ({"README.md": "# Other\n"}, ("fresh", "shop/cart.py", 4, 9)),
    "edited below": ({"shop/cart.py": BELOW}, ("fresh", "shop/cart.py", 4, 9)),
    "edited above": ({"shop/cart.py": ABOVE}, ("moved", "shop/cart.py", 6, 11)),
    "edited inside": ({"shop/cart.py": INSIDE}, ("changed", "shop/cart.py", 4, 9)),
    "deleted": ({"shop/cart.py": None}, ("gone", "shop/cart.py", 4, 9)),
    "emptied": ({"shop/cart.py": ""}, ("gone", "shop/cart.py", 4, 9)),
    "renamed": (
        {"shop/cart.py": None, "shop/basket.py": CART},
        ("moved", "shop/basket.py", 4, 9),
    ),
    "to another folder, edited above": (
        {"shop/cart.py": None, "lib/deep/cart.py": ABOVE},
        ("moved", "lib/deep/cart.py", 6, 11),
    ),
    "renamed beside, edited above": (
        {"shop/cart.py": None, "shop/basket.py": ABOVE},
        ("moved", "shop/basket.py", 6, 11),
    ),
    "renamed and edited inside": (
        {"shop/cart.py": None, "shop/basket.py": INSIDE},
        ("gone", "shop/cart.py", 4, 9),
    ),
    "now binary": ({"shop/cart.py": b"\0\1\2"}, ("gone", "shop/cart.py", 4, 9)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_a_citation(
    name: str,
    owner: User,
    shop: Source,
    repository: Repository,
    message_factory: MessageFactory,
) -> None:
    files, expected = CASES[name]
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    look_around()
    assert not CitationState.objects.exists()
    change(shop, repository, files)
    look_around()
    assert state_of(message) == expected
    # The old place stays what it was.
    assert Evidence.objects.get().start_line == 4
    assert ChangedAnswer.objects.filter(message=message).exists() == (
        expected[0] in {"changed", "gone"}
    )


def test_a_revert_makes_it_fresh_again_and_takes_it_from_the_list(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    assert ChangedAnswer.objects.count() == 1
    change(shop, repository, {"shop/cart.py": CART})
    look_around()
    assert state_of(message)[0] == "fresh"
    assert not ChangedAnswer.objects.exists()


def test_a_file_that_went_and_came_back_elsewhere_is_found_again(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    change(shop, repository, {"shop/cart.py": None})
    look_around()
    assert state_of(message)[0] == "gone"
    change(shop, repository, {"other/cart.py": ABOVE})
    look_around()
    assert state_of(message) == ("moved", "other/cart.py", 6, 11)
    change(shop, repository, {"other/cart.py": BELOW})
    look_around()
    assert state_of(message) == ("moved", "other/cart.py", 4, 9)


def test_a_force_push_that_drops_the_commit_is_looked_at_like_any_other(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    change(shop, repository, {"shop/cart.py": ABOVE})
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 6, 11)])
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    sync_now(shop)
    look_around()
    assert state_of(message) == ("moved", "shop/cart.py", 4, 9)


def test_a_bracket_alone_is_not_found_again(
    owner: User, source_factory: SourceFactory, repository_factory: RepositoryFactory,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    repository = repository_factory({"a.c": "int f() {\n  return 1;\n}\n"}, "braces")
    source = source_factory("braces", repository=repository)
    message = message_factory(owner, "Ends [E1].", [lines_of(source, "a.c", 3, 3)])
    change(source, repository, {"a.c": "int f() {\n  return 1;\n  // more\n}\n"})
    look_around()
    assert state_of(message)[0] == "changed"


def test_lines_that_stand_twice_are_taken_at_the_nearest_place(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "Raises [E1].", [lines_of(shop, "shop/cart.py", 6, 7)])
    twice = CART + "\n" * 20 + CART
    change(shop, repository, {"shop/cart.py": f"# One more line\n{twice}"})
    look_around()
    assert state_of(message) == ("moved", "shop/cart.py", 7, 8)


def test_an_answer_as_of_a_tag_stays_fresh_while_the_tag_stands(
    owner: User, source_factory: SourceFactory, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    repository.git("tag", "v1")
    shop = source_factory("shop", repository=repository, refs=("main", "v*"))
    piece = lines_of(shop, "shop/cart.py", 4, 9)
    as_of_tag = message_factory(owner, "Adds [E1].", [piece], ref="v1")
    as_of_now = message_factory(owner, "Adds [E1].", [piece])
    by_name = message_factory(owner, "Adds [E1].", [piece], ref="main")
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    assert state_of(as_of_tag)[0] == "fresh"
    assert state_of(as_of_now)[0] == "changed"
    assert state_of(by_name)[0] == "changed"
    repository.git("tag", "--force", "v1", "HEAD")
    sync_now(shop)
    look_around()
    assert state_of(as_of_tag)[0] == "changed"


def test_only_citations_of_changed_paths_are_looked_at(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    cart = lines_of(shop, "shop/cart.py", 4, 9, "E1")
    readme = lines_of(shop, "README.md", 1, 3, "E2")
    message_factory(owner, "Adds [E1]. Sells [E2].", [cart, readme])
    change(shop, repository, {"shop/cart.py": INSIDE})
    ref = Ref.objects.get()
    assert [one.path for one in citations_to_look_at(ref)] == ["shop/cart.py"]


def test_what_stood_in_a_prompt_and_was_not_cited_is_not_looked_at(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    piece = lines_of(shop, "shop/cart.py", 4, 9)
    message_factory(owner, "Nothing.", [piece], cited=[])
    change(shop, repository, {"shop/cart.py": INSIDE})
    assert look_around() == 0


def test_what_moved_into_a_folder_that_the_owner_may_not_read_is_gone_for_them(
    owner: User, user_factory: Any, shop: Source, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    group = Group.objects.get(name="readers")
    Grant.objects.create(group=group, source=shop, path_pattern="secret/", allow=False)
    keeper = user_factory("keeper", groups=("keepers",))
    Grant.objects.create(group=Group.objects.get(name="keepers"), source=shop)
    piece = lines_of(shop, "shop/cart.py", 4, 9)
    mine, theirs = (message_factory(one, "Adds [E1].", [piece]) for one in (owner, keeper))
    change(shop, repository, {"shop/cart.py": None, "secret/plan.py": CART})
    look_around()
    assert state_of(mine) == ("gone", "shop/cart.py", 4, 9)
    assert state_of(theirs) == ("moved", "secret/plan.py", 4, 9)
    assert [one.message for one in ChangedAnswer.objects.all()] == [mine]
    shown = repr(render_answer(mine, scope_of(owner)))
    assert "secret" not in shown


def test_a_further_change_makes_a_seen_answer_news_again(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    cart = lines_of(shop, "shop/cart.py", 4, 9, "E1")
    readme = lines_of(shop, "README.md", 1, 3, "E2")
    message_factory(owner, "Adds [E1]. Sells [E2].", [cart, readme])
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    ChangedAnswer.objects.update(seen_at=timezone.now())
    change(shop, repository, {"shop/cart.py": ABOVE})  # better again: no news
    look_around()
    assert not ChangedAnswer.objects.exists()
    change(shop, repository, {"shop/cart.py": INSIDE, "README.md": "# Other\n"})
    look_around()
    assert ChangedAnswer.objects.get().seen_at is None


def test_a_ref_that_is_followed_no_longer_takes_its_states_with_it(
    owner: User, source_factory: SourceFactory, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    repository.git("tag", "v1")
    shop = source_factory("shop", repository=repository, refs=("main", "v*"))
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)], ref="v1")
    repository.git("tag", "--delete", "v1")
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    assert state_of(message)[0] == "fresh"


def test_an_answer_as_of_a_ref_that_is_gone_leaves_the_list(
    owner: User, source_factory: SourceFactory, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    """Nothing is known any more that could be told of it."""
    repository.git("branch", "side")
    shop = source_factory("shop", repository=repository, refs=("main", "side"))
    piece = lines_of(shop, "shop/cart.py", 4, 9)
    as_of_side = message_factory(owner, "Adds [E1].", [piece], ref="side")
    as_of_now = message_factory(owner, "Adds [E1].", [piece])
    change(shop, repository, {"shop/cart.py": INSIDE})
    repository.git("branch", "--force", "side", "main")
    sync_now(shop)
    look_around()
    assert {one.message for one in changed_answers_of(owner)} == {as_of_side, as_of_now}
    Source.objects.update(ref_names=["main"])
    sync_now(shop)
    look_around()
    assert [one.message for one in changed_answers_of(owner)] == [as_of_now]


def test_another_default_decides_what_is_listed(
    owner: User, source_factory: SourceFactory, repository: Repository,
    message_factory: MessageFactory,
) -> None:  # fmt: skip
    repository.git("branch", "stable")
    shop = source_factory("shop", repository=repository, refs=("main", "stable"))
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    assert changed_answers_of(owner).count() == 1
    for default, listed in (("stable", 0), ("main", 1)):
        Source.objects.update(ref_names=[default, *({"main", "stable"} - {default})])
        sync_now(Source.objects.get())
        look_around()
        assert changed_answers_of(owner).count() == listed
        assert state_of(message)[0] == ("changed" if listed else "fresh")


def test_an_answer_of_a_removed_source_leaves_the_list(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    assert changed_answers_of(owner).count() == 1
    Source.objects.all().delete()
    look_around()
    assert not changed_answers_of(owner).exists()


def test_lines_that_are_cited_twice_change_once(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    twice = [lines_of(shop, "shop/cart.py", 4, 9, handle) for handle in ("E1", "E2")]
    message = message_factory(owner, "Adds [E1]. Again [E1] [E2].", twice)
    change(shop, repository, {"shop/cart.py": INSIDE})
    assert look_around() == 1
    assert CitationState.objects.count() == 1
    assert (state_of(message, "E1"), state_of(message, "E2")) == (
        ("changed", "shop/cart.py", 4, 9),
        ("changed", "shop/cart.py", 4, 9),
    )
