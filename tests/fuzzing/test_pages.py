"""Odd values in everything that pages take: each is refused or read over, and none breaks a page.

The test client raises what no view caught, so each request here stands for an answer below 500.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django import forms
from django.db import transaction
from django.test import Client

import appliance
from appliance.accounts.models import User
from indexer.models import Source
from tests.appliance.accounts.signing import sign_in
from tests.appliance.conversations.conftest import (
    FILES,
    MessageFactory,
    lines_of,
    message_factory,
)
from tests.appliance.web.routes import routes
from tests.conftest import SourceFactory

__all__ = ["message_factory"]
pytestmark = [
    pytest.mark.services, pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(600),
]  # fmt: skip

PACKAGE = Path(appliance.__file__).parent
TAKEN = re.compile(r"""(?:GET|POST|given)(?:\.get(?:list)?\(|\[)"(\w+)\"""")
ODD = {
    "nul": "a\0b",
    "digits": "9" * 5000,
    "power": "²",
    "beyond": str(2**63),
    "minus": "-1",
    "bytes": b"\xff\xfe\x80",
    "long": "x" * 20_000,
    "pattern": "((((a+)+)+)+$ [",
    "empty": "",
    "deep": "[" * 5000,
    "object": '{"a": 1}',
}
# They leave the machine, or end the session with which the others are asked.
LEFT_OUT = re.compile(r"logout|egress_look|directory_test|connect_host|/static/|healthz|code_host")


def names() -> list[str]:
    """Everything that views read of a request, and every field of a form."""
    found = {name for file in PACKAGE.rglob("*.py") for name in TAKEN.findall(file.read_text())}
    for form in _below(forms.BaseForm):
        found |= set(getattr(form, "base_fields", {}))
    return sorted(found)


def _below(kind: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


@pytest.fixture
def places(
    source_factory: SourceFactory, staff: User, message_factory: MessageFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:  # fmt: skip
    """Every address, of things that are there as far as it names some."""
    monkeypatch.setattr("celery.app.task.Task.delay", lambda *args, **kwargs: None)
    shop = source_factory("shop", FILES)
    staff.groups.add(*shop.grants.values_list("group", flat=True))
    answer = message_factory(staff, "It [E1].", [lines_of(shop, "shop/cart.py", 4, 9)])
    return [
        _with(route.path, shop, answer.thread_id, answer.pk)
        for route in routes()
        if not LEFT_OUT.search(f"{route.name} {route.path}")
    ]


def _with(path: str, shop: Source, thread: object, message: object) -> str:
    number = "00000000-0000-4000-8000-000000000000"
    known = thread if path.startswith("/threads") else message
    return path.replace(number, str(known)).replace("/sources/1/", f"/sources/{shop.pk}/")


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_breaks_by_one_value_in_every_place(
    client: Client, staff: User, places: list[str], odd: str, method: str
) -> None:
    sign_in(client, staff)
    sent = dict.fromkeys(names(), ODD[odd])
    assert len(sent) > 60
    assert len(places) > 120
    assert broken(places, lambda path: getattr(client, method)(path, sent)) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_breaks_by_a_few_values_that_are_odd_among_none(
    client: Client, staff: User, places: list[str], seed: int, method: str
) -> None:
    """Where all are odd, the first that is refused hides the others."""
    sign_in(client, staff)
    chance, known = random.Random(seed), names()  # noqa: S311  the same at every run

    def ask(path: str) -> object:
        few = chance.sample(known, 12)
        return getattr(client, method)(path, {one: chance.choice([*ODD.values()]) for one in few})

    assert broken(places, ask) == []


def broken(places: list[str], ask: Callable[[str], object]) -> list[tuple[str, str]]:
    """Return the addresses that answered with a fault."""
    found = []
    for path in places:
        try:
            with transaction.atomic():
                ask(path)
                transaction.set_rollback(True)
        except Exception as exc:  # noqa: BLE001  whatever it is, it is a fault
            found.append((path, repr(exc)[:200]))
    return found
