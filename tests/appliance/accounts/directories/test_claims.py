"""What directories tell is bounded, flattened, and never trusted to be what it should."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group

from appliance.accounts.directories.claims import MOST_GROUPS, told_by
from appliance.accounts.directories.names import free_name, same_name
from appliance.accounts.directories.people import NotLetIn, let_in
from appliance.accounts.models import Directory, User
from tests.conftest import UserFactory

SETTINGS = {
    "user_name_attribute": "name",
    "email_attribute": "mail",
    "groups_attribute": "groups",
    "groups_as_named": True,
}


def directory(**kept: Any) -> Directory:
    return Directory(name="A", slug="a", kind="oidc", settings=SETTINGS | kept)


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        (["a", "b"], ("a", "b")),
        ("a", ("a",)),
        (None, ()),
        ([{"name": "a"}, {"value": "b"}, {"other": "c"}], ("a", "b")),
        ([True, 7, None, ["x"], " a ", "", "x" * 501], ("7", "a")),
        (["a\0b"], ("ab",)),
        ([str(n) for n in range(5000)], tuple(str(n) for n in range(MOST_GROUPS))),
    ],
    ids=["list", "text", "none", "objects", "odd", "null byte", "thousands"],
)
def test_groups_are_read_from_whatever_is_sent(given: Any, groups: tuple[str, ...]) -> None:
    assert told_by(directory(), "s", {"groups": given}).groups == groups


def test_a_directory_that_is_not_asked_says_nothing_about_groups() -> None:
    assert told_by(directory(groups_attribute=""), "s", {"groups": ["a"]}).groups is None


def test_what_is_kept_leaves_the_protocol_and_long_values_out() -> None:
    told = told_by(directory(), "s", {"nonce": "n", "at_hash": "h", "mail": "a@b", "x": "y" * 900})
    assert told.attributes == {"mail": "a@b"}


def test_spellings_of_one_name_are_the_same() -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in "jose")
    assert {same_name(name) for name in ("José", "jose", "JOSE\u0301", wide, " jose ")} == {"jose"}
    assert same_name("josef") != "jose"


@pytest.mark.services
@pytest.mark.django_db
def test_a_free_name_is_nobodys_in_any_spelling(user_factory: UserFactory) -> None:
    user_factory("jose")
    assert free_name("José") == "José-2"
    assert free_name("new") == "new"
    assert free_name("a b/c\n<script>") == "a-b-c-script"
    assert free_name("///") == "person"
    assert len(free_name("x" * 500)) <= 150


@pytest.mark.services
@pytest.mark.django_db
@pytest.mark.parametrize("subject", ["", "x" * 501])
def test_nobody_comes_in_without_a_subject(subject: str) -> None:
    known = directory()
    known.save()
    with pytest.raises(NotLetIn):
        let_in(known, told_by(known, subject, {"groups": ["new"]}))
    assert not User.objects.exists()
    assert not Group.objects.exists()
