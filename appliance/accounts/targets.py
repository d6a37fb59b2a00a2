"""How people, groups and directories are named in records."""

from __future__ import annotations

from django.contrib.auth.models import Group

from appliance.accounts.models import Directory, User
from appliance.audit.recording import Target


def of_person(user: User) -> Target:
    return Target("person", str(user.pk), user.get_username())


def of_group(group: Group) -> Target:
    return Target("group", str(group.pk), group.name)


def actor_of(directory: Directory) -> str:
    """Return whom records name for what a directory brings."""
    return f"directory {directory.slug}"
