"""The people of every access test, as factories: owner, reader, outsider, and staff."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group

from appliance.accounts.models import User
from appliance.sources.models import Grant
from indexer.models import Source

MakeUser = Callable[..., User]


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """Return a factory of people: name, groups by name, staff or not."""

    def make(name: str, *groups: str, is_staff: bool = False) -> User:
        user = User.objects.create_user(name, password="correct horse battery", is_staff=is_staff)
        for group in groups:
            user.groups.add(Group.objects.get_or_create(name=group)[0])
        return user

    return make


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    """The person whose thread it is; reads what `readers` may."""
    return make_user("owner", "readers")


@pytest.fixture
def reader(make_user: MakeUser) -> User:
    """Reads the same sources and owns nothing."""
    return make_user("reader", "readers")


@pytest.fixture
def outsider(make_user: MakeUser) -> User:
    """Signed in, in no group."""
    return make_user("outsider")


@pytest.fixture
def staff(make_user: MakeUser) -> User:
    """Manages every source and is granted none."""
    return make_user("staff", is_staff=True)


@pytest.fixture
def grant() -> Callable[..., Grant]:
    """Return a factory of rules: a group's name, a source, a path pattern, allow or not."""

    def make(group: str, source: Source, path_pattern: str = "", *, allow: bool = True) -> Grant:
        return Grant.objects.create(
            group=Group.objects.get_or_create(name=group)[0],
            source=source,
            path_pattern=path_pattern,
            allow=allow,
        )

    return make
