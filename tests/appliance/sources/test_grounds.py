"""The record names the grant that decided: the most specific one, of equal ones the denial."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from pytest_django import DjangoAssertNumQueries

from appliance.accounts.models import User
from appliance.sources.access import scope_of
from appliance.sources.grounds import Grounds, operator_grounds, stretches
from appliance.sources.models import Grant
from indexer.models import Source

pytestmark = [pytest.mark.services, pytest.mark.django_db]

RULES = [("", True), ("docs/", True), ("docs/secret/", False), ("docs/secret/open.md", True)]


@pytest.fixture
def shop() -> Source:
    shop = Source.objects.create(name="shop", kind=Source.Kind.REMOTE, location="https://x/a.git")
    group, _ = Group.objects.get_or_create(name="readers")
    for pattern, allow in RULES:
        Grant.objects.create(group=group, source=shop, path_pattern=pattern, allow=allow)
    return shop


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("cart.py", "shop:*"),
        ("docs/a.md", "shop:docs/"),
        ("docs/secret/a.md", ""),
        ("docs/secret/open.md", "shop:docs/secret/open.md"),
    ],
)
def test_the_grant_that_decides_is_named(path: str, rule: str, shop: Source, reader: User) -> None:
    ground = Grounds.of(reader).ground("shop", path)
    assert ground.endswith(f"readers may read {rule}" if rule else "")
    assert bool(ground) == scope_of(reader).allows(shop.pk, path)


def test_who_is_granted_nothing_has_no_ground(shop: Source, outsider: User) -> None:
    assert Grounds.of(outsider).ground("shop", "cart.py") == ""
    assert operator_grounds().ground("shop", "cart.py") != ""


def test_only_the_rules_of_what_is_shown_are_read(
    shop: Source, reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    others = Source.objects.bulk_create(
        Source(name=f"other{number}", location=f"/nowhere/{number}") for number in range(50)
    )
    Grant.objects.bulk_create(Grant(user=reader, source=one) for one in others)
    grounds = Grounds.of(reader)
    with django_assert_num_queries(2):
        for path in ("cart.py", "docs/a.md", "docs/secret/a.md") * 10:
            grounds.lines("shop", path, 1, 2, "c0ffee")
            assert grounds.ground("other7", path).endswith("reader may read other7:*")


def test_of_two_rules_in_the_same_words_one_is_named(shop: Source, reader: User) -> None:
    Grant.objects.create(user=reader, source=shop, path_pattern="docs")
    assert Grounds.of(reader).ground("shop", "docs/a.md").endswith("readers may read shop:docs/")
    Grant.objects.create(user=reader, source=shop, path_pattern="cart.py", allow=False)
    assert Grounds.of(reader).ground("shop", "cart.py") == ""


def test_numbers_become_stretches() -> None:
    assert stretches([5, 3, 4, 9, 3]) == [(3, 5), (9, 9)]
    assert stretches([]) == []
