"""The rounds in which cited lines are looked up again: bounded, once, and by whichever worker."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appliance.accounts.models import User
from appliance.conversations import asking
from appliance.conversations.living import looking
from appliance.conversations.living.looking import look_around
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
from indexer.models import Document, Ref, Source
from tests.appliance.conversations.conftest import MessageFactory, lines_of
from tests.appliance.conversations.living.changing import INSIDE, change, state_of
from tests.gitrepos import Repository

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


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
    with CaptureQueriesContext(connection) as queries:
        assert look_around() == 1
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
