"""Evidence is written down once, also by many answers at a time."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection

from appliance.accounts.models import User
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.keeping import link_evidence
from appliance.conversations.models import Evidence, Message, MessageEvidence
from tests.appliance.conversations.conftest import CART, FILES, MessageFactory, lines_of
from tests.conftest import SourceFactory

IN_PROMPT = MessageEvidence.Role.IN_PROMPT
LINES = CART.count("\n")


@pytest.fixture
def pieces(source_factory: SourceFactory) -> list[EvidenceLines]:
    shop = source_factory("shop", FILES)
    return [
        lines_of(shop, "shop/cart.py", first, last, f"E{first}{last}")
        for first in range(1, LINES)
        for last in range(first, LINES)
    ]


@pytest.mark.django_db(transaction=True)
def test_answers_that_rest_on_the_same_lines_do_not_wait_in_a_circle(
    owner: User, pieces: list[EvidenceLines], message_factory: MessageFactory
) -> None:
    messages = [message_factory(owner, "It adds.") for _ in range(8)]
    ready = threading.Barrier(len(messages))
    failures: list[DatabaseError] = []

    def write(message: Message, given: list[EvidenceLines]) -> None:
        try:
            ready.wait()
            link_evidence(message, given, IN_PROMPT)
        except DatabaseError as exc:
            failures.append(exc)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=write, args=(message, pieces[:: 1 if number % 2 else -1]))
        for number, message in enumerate(messages)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Evidence.objects.count() == len(pieces)
    assert MessageEvidence.objects.count() == len(pieces) * len(messages)


def test_saying_it_twice_changes_nothing(
    owner: User, pieces: list[EvidenceLines], message_factory: MessageFactory
) -> None:
    message = message_factory(owner, "It adds.")
    for _ in range(2):
        link_evidence(message, pieces, IN_PROMPT)
    assert message.evidence_links.count() == len(pieces)
    linked = message.evidence_links.select_related("evidence")
    assert {(one.handle, one.evidence.span) for one in linked} == {
        (piece.handle, piece.span) for piece in pieces
    }


def test_nothing_to_say_is_no_fault(owner: User, message_factory: MessageFactory) -> None:
    message = message_factory(owner, "It adds.")
    link_evidence(message, (), IN_PROMPT)
    assert message.evidence_links.count() == 0
