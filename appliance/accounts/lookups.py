"""People, groups and sources by name, for commands: a wrong name is a sentence."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.core.management import CommandError

from appliance.accounts.models import User
from indexer.models import Source


def person_named(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is no person {name!r}.")
    return user


def group_named(name: str) -> Group:
    group = Group.objects.filter(name=name).first()
    if group is None:
        raise CommandError(f"There is no group {name!r}.")
    return group


def find_source(name: str | None) -> Source | None:
    if name is None:
        return None
    source = Source.objects.filter(name=name).first()
    if source is None:
        raise CommandError(f"There is no source {name!r}.")
    return source
