"""D08: the time that a refusal takes does not tell whether what was asked for is there.

Both are asked in one mixed order, and the two sets of times are compared by their ranks (Mann and
Whitney): a difference that nobody could see in single answers shows in a thousand. Machines have
moods, so a difference counts when three rounds in a row show it.
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Mapping, Sequence

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appliance.accounts.models import User
from appliance.sources.granting import set_grant
from tests.appliance.conversations.conftest import MessageFactory, lines_of, message_factory
from tests.conftest import SourceFactory, UserFactory

__all__ = ["message_factory"]
pytestmark = [pytest.mark.services, pytest.mark.django_db]

LEAST_P = 0.01
ROUNDS = 3
FILES: dict[str, str | bytes | None] = {
    "keys/safe.py": "def open_the_safe():\n    return 4711\n",
    "open/door.py": "def door():\n    return 1\n",
}


def p_of(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how likely such a difference in ranks is by chance alone (two-sided, by the normal
    distribution, which is close from twenty samples on)."""
    named = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, which) in enumerate(named, 1) if which == 0)
    n, m = len(one), len(other)
    expected = n * (n + m + 1) / 2
    spread = math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(ranks - expected) / spread / math.sqrt(2))


def test_the_statistic_tells_a_difference_from_none() -> None:
    chance = random.Random(7)  # noqa: S311  no secret
    base = [chance.gauss(10, 1) for _ in range(500)]
    same = [chance.gauss(10, 1) for _ in range(500)]
    slower = [chance.gauss(10.3, 1) for _ in range(500)]
    assert p_of(base, same) > LEAST_P
    assert p_of(base, slower) < LEAST_P


@pytest.fixture(autouse=True)
def _without_what_comes_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what is noted when an answer has been sent: the client of these tests waits for it,
    a browser does not."""
    monkeypatch.setattr("appliance.web.auditing.middleware.note_denied", lambda request: None)


@pytest.fixture
def pairs(
    source_factory: SourceFactory,
    message_factory: MessageFactory,
    user_factory: UserFactory,
) -> Mapping[str, tuple[str, str]]:
    """Return addresses of what is hidden, each with one of the same length of what is not there."""
    source_factory("shop", {"cart.py": "def total():\n    return 1\n"})
    vault = source_factory("vault", FILES, grant="keepers")
    part = source_factory("parts", FILES, grant=None)
    set_grant("readers", part, "open/")
    message = message_factory(
        user_factory("keeper", groups=("keepers",)),
        "It is [E1].",
        [lines_of(vault, "keys/safe.py", 1, 2)],
    )
    none = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    commit = vault.refs.get().commit
    return {
        "a file of a source": (
            f"/files/vault/{commit}/keys/safe.py",
            f"/files/fault/{commit}/keys/safe.py",
        ),
        "a file by a rule": (
            f"/files/parts/{part.refs.get().commit}/keys/safe.py",
            f"/files/parts/{part.refs.get().commit}/keys/sane.py",
        ),
        "a source": ("/sources/vault/", "/sources/fault/"),
        "why": ("/sources/vault/why/?path=a", "/sources/fault/why/?path=a"),
        "a thread": (f"/threads/{message.thread_id}/", f"/threads/{none}/"),
        "evidence": (f"/messages/{message.pk}/evidence/", f"/messages/{none}/evidence/"),
    }


def _differ(client: Client, pair: tuple[str, str], samples: int) -> bool:
    return all(_p(client, pair, samples) <= LEAST_P for _ in range(ROUNDS))


def _p(client: Client, pair: tuple[str, str], samples: int) -> float:
    order = [0, 1] * samples
    random.shuffle(order)
    taken: tuple[list[float], list[float]] = ([], [])
    for which in order:
        began = time.perf_counter()
        status = client.get(pair[which]).status_code
        taken[which].append(time.perf_counter() - began)
        assert status == 404, pair[which]
    return p_of(*taken)


def test_a_refusal_takes_the_same_steps(
    client: Client, reader: User, pairs: Mapping[str, tuple[str, str]]
) -> None:
    """Compare statements instead of times, for every run: the same ones are asked either way."""
    client.force_login(reader)
    for name, pair in pairs.items():
        client.get(pair[0])  # whatever is only read once
        asked = [_statements(client, address) for address in pair]
        assert asked[0] == asked[1], name


def _statements(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 404
    # Comments first: an apostrophe in one is no quotation mark.
    plain = [re.sub(r"--[^\n]*", "", one["sql"]) for one in caught.captured_queries]
    return [re.sub(r"'[^']*'|[0-9]+", "?", one) for one in plain]


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_thousand_refusals_take_the_same_time(
    client: Client, reader: User, pairs: Mapping[str, tuple[str, str]]
) -> None:
    client.force_login(reader)
    for pair in pairs.values():  # whatever is only made once
        for address in pair:
            client.get(address)
    assert [name for name, pair in pairs.items() if _differ(client, pair, 1000)] == []
