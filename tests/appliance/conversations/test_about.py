"""A question that begins at lines of a file: the form names them, and only what may be named."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import Client

from appliance.accounts.models import User
from appliance.conversations.about import about
from tests.conftest import SourceFactory


@pytest.mark.parametrize(
    ("query", "question"),
    [
        ("about=shop:a/b.py&lines=3-9", "About a/b.py, lines 3 to 9: "),
        ("about=shop:a/b.py&lines=3", "About a/b.py, line 3: "),
        ("about=shop:a:b.py&lines=<b>", "About a:b.py: "),
        ("about=vault:a.py", None),
        ("about=shop:", None),
        ("about=shop", None),
        ("about=shop:a%0Ab", None),
        (f"about=shop:{'x' * 2000}", None),
        ("lines=3", None),
    ],
)
def test_the_place_is_told_in_words(query: str, question: str | None) -> None:
    assert about(QueryDict(query), {"shop"}).get("question") == question


@pytest.mark.services
@pytest.mark.django_db
def test_the_form_starts_with_it(
    client: Client, source_factory: SourceFactory, reader: User, outsider: User
) -> None:
    source_factory("shop", {"cart.py": "x = 1\n"})
    asked = {"about": "shop:cart.py", "lines": "1"}
    client.force_login(reader)
    assert ">About cart.py, line 1: </textarea>" in client.get("/", asked).content.decode()
    client.force_login(outsider)
    assert "About cart.py" not in client.get("/", asked).content.decode()
