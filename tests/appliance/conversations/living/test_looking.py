"""Cited lines after a sync: fresh, moved, changed, gone, over real repositories."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations import asking
from appliance.conversations.living import looking
from appliance.conversations.living.looking import citations_to_look_at, look_around
from appliance.conversations.living.reading import living_answer
from appliance.conversations.models import (
    ChangedAnswer,
    CitationState,
    Evidence,
    LookedAt,
    Message,
    MessageEvidence,
)
from appliance.conversations.rendering import render_answer
from appliance.conversations.tasks import answer_question, look_at_citations
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from indexer.ingestion.inline import sync_now
from indexer.models import Document, Ref, Source
from tests.appliance.conversations.conftest import CART, FILES, MessageFactory, lines_of
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

ABOVE = CART.replace('"""Shopping carts."""\n', '"""Shopping carts."""\n\nLIMIT = 99\n')
INSIDE = CART.replace("cart.append(item)", "cart.insert(0, item)")
BELOW = CART + "\n\ndef empty(cart):\n    cart.clear()\n"


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES, "shop")


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


def state_of(message: Message, handle: str = "E1") -> tuple[str, str, int, int]:
    links = list(message.evidence_links.select_related("evidence__source"))
    living = living_answer(message, links, scope_of(message.thread.owner))
    one = next(one for one in living.citations if one.handle == handle)
    return one.state.value, one.path, one.span.start_line, one.span.end_line


def change(source: Source, repository: Repository, files: Mapping[str, str | bytes | None]) -> None:
    repository.commit(files)
    sync_now(source)


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


def test_looking_twice_changes_nothing(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    change(shop, repository, {"shop/cart.py": None})
    assert look_around() == 1
    ChangedAnswer.objects.update(seen_at=timezone.now())
    before = _kept()
    assert look_around() == 0
    LookedAt.objects.update(edition=None)  # as if the worker had died before it wrote this down
    assert look_around() == 0
    change(shop, repository, {"README.md": "# Another\n"})
    assert look_around() == 1  # gone lines may have come up elsewhere
    assert _kept() == before


def _kept() -> list[tuple[object, ...]]:
    """Return what must not change when nothing has."""
    states = CitationState.objects.values_list("evidence", "state", "path", "changed_at")
    return [*states, *ChangedAnswer.objects.values_list("message", "changed_at", "seen_at")]


def test_a_worker_that_dies_between_two_steps_loses_nothing(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(looking, "STEP", 2)
    pieces = [lines_of(shop, "shop/cart.py", at, at + 1, f"E{at}") for at in range(4, 9)]
    message_factory(owner, "Adds [E4].", pieces)
    change(shop, repository, {"shop/cart.py": "# nothing\n"})
    written = looking._write
    calls = []

    def dies(*arguments: Any) -> None:
        calls.append(1)
        written(*arguments)
        if len(calls) == 2:
            raise RuntimeError("the worker dies")

    with patch.object(looking, "_write", dies), pytest.raises(RuntimeError):
        look_around()
    assert CitationState.objects.count() == 2  # the second step was undone whole
    look_around()
    assert CitationState.objects.filter(state="changed").count() == 5
    assert LookedAt.objects.get().edition == Ref.objects.get().edition


def test_a_second_worker_leaves_alone_what_the_first_is_at(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    change(shop, repository, {"shop/cart.py": INSIDE})
    ref = Ref.objects.get()
    LookedAt.objects.update_or_create(ref=ref, defaults={"edition": None})
    looked: list[int] = []

    def second() -> None:
        try:
            looked.append(look_around())
        finally:
            connection.close()

    with transaction.atomic():
        LookedAt.objects.select_for_update().get(ref=ref)
        worker = threading.Thread(target=second)
        worker.start()
        worker.join(30)
    assert looked == [0]
    assert LookedAt.objects.get().edition is None
    assert look_around() == 1


def test_an_answer_that_ends_after_the_look_is_still_looked_at(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    piece = lines_of(shop, "shop/cart.py", 4, 9)  # found before the sync
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    message = message_factory(owner, "Adds [E1].", [piece])
    look_around()
    assert state_of(message)[0] == "changed"


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


def test_the_beat_looks_within_a_minute(settings: Any) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["appliance.conversations.tasks.look_at_citations"]
    assert entry["task"] == look_at_citations.name
    assert entry["schedule"] <= 30


def test_a_round_over_many_citations_is_bounded(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    """Ten thousand citations of untouched files cost one statement and no row."""
    message = message_factory(owner, "Adds [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    blob = Document.objects.get(path="README.md").blob
    commit = Ref.objects.get().commit
    many = Evidence.objects.bulk_create(
        Evidence(
            source=shop, commit=commit, path="README.md", blob=blob,
            start_line=1, end_line=at, line_hash="",
        )
        for at in range(1, 10_001)
    )  # fmt: skip
    MessageEvidence.objects.bulk_create(
        MessageEvidence(message=message, evidence=one, handle="E2", role="cited") for one in many
    )
    change(shop, repository, {"shop/cart.py": INSIDE})
    started = time.monotonic()
    with CaptureQueriesContext(connection) as queries:
        assert look_around() == 1
    assert time.monotonic() - started < 3
    assert len(queries) < 40
    assert CitationState.objects.count() == 1


def test_late_answers_are_looked_for_only_for_a_while(
    owner: User, shop: Source, repository: Repository, message_factory: MessageFactory
) -> None:
    piece = lines_of(shop, "shop/cart.py", 4, 9)
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_around()
    message = message_factory(owner, "Adds [E1].", [piece])
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(hours=2))
    assert look_around() == 0


def test_an_answer_of_the_flow_is_looked_at_like_any_other(
    owner: User, shop: Source, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_question, "delay", lambda message_id: None)
    message = asking.ask(owner, "How does add_item add an item to the cart?")
    answer_question(str(message.pk))
    message = Message.objects.get(pk=message.pk)
    cited = message.evidence_links.filter(
        role=MessageEvidence.Role.CITED, evidence__path="shop/cart.py"
    )
    assert cited.exists()
    change(shop, repository, {"shop/cart.py": INSIDE})
    look_at_citations()
    assert ChangedAnswer.objects.get().message == message
    rendered = render_answer(message, scope_of(owner))
    assert rendered.living.stale == cited.values("evidence").distinct().count()
    assert any(card.living for card in rendered.evidence if card.path == "shop/cart.py")
