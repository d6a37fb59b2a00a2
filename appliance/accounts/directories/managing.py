"""Changes directories: each change and its record in one transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.directories.forms import DirectoryForm, free_slug
from appliance.accounts.directories.secrets import put_secret
from appliance.accounts.lockout import keep_a_directory
from appliance.accounts.models import Directory, User
from appliance.accounts.oidc.renewing import RENEWS
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record


def tells_who_left(directory: Directory) -> bool:
    """Whether somebody who is disabled there is known here without signing in."""
    if directory.kind in {Directory.Kind.LDAP, Directory.Kind.SCIM}:
        return True
    if directory.settings.get(RENEWS):
        return True
    good = directory.scim_tokens.filter(revoked_at=None, expires_at__gt=timezone.now())
    return bool(good.exists())


def store(form: DirectoryForm, actor: User, request: HttpRequest) -> Directory:
    """Write what a valid form holds; of the settings the record names which changed."""
    directory = form.directory
    is_new = directory.pk is None
    before = {"name": directory.name, "creates_people": directory.creates_people}
    before |= directory.settings
    directory.name = form.cleaned_data["name"]
    directory.creates_people = form.cleaned_data["creates_people"]
    directory.settings = directory.settings | form.settings()
    secret = form.secret()
    if secret is not None:
        put_secret(directory, secret)
    after = {"name": directory.name, "creates_people": directory.creates_people}
    after |= directory.settings
    changed = sorted(key for key in after if after[key] != before.get(key))
    if secret is not None:
        changed.append("secret")
    with transaction.atomic():
        if is_new:
            directory.slug = free_slug(directory.name)
        directory.save()
        action = Action.DIRECTORY_CREATED if is_new else Action.DIRECTORY_CHANGED
        details = {"kind": directory.kind} if is_new else {"changed": changed}
        _record(action, directory, actor, request, details)
    return directory


def switch(directory: Directory, actor: User, request: HttpRequest, *, on: bool) -> None:
    """Show the directory on the sign-in page, or not. Raises LockedOut."""
    with transaction.atomic():
        if not on:
            keep_a_directory(without=directory)
        directory.is_enabled = on
        directory.save(update_fields=["is_enabled"])
        _record(Action.DIRECTORY_CHANGED, directory, actor, request, {"is_enabled": on})


def remove(directory: Directory, actor: User, request: HttpRequest) -> None:
    """Forget a directory: its people stay, and leave the groups that it gave. Raises LockedOut."""
    with transaction.atomic():
        keep_a_directory(without=directory)
        people = directory.identities.count()
        for belonging in directory.belongings.filter(was_by_hand=False).select_related("user"):
            others = belonging.user.belongings.filter(group=belonging.group_id)
            if not others.exclude(directory=directory).exists():
                belonging.user.groups.remove(belonging.group_id)
        _record(Action.DIRECTORY_DELETED, directory, actor, request, {"people": people})
        directory.delete()


def _record(
    action: Action,
    directory: Directory,
    actor: User,
    request: HttpRequest,
    details: dict[str, Any],
) -> None:
    target = Target("directory", directory.slug, directory.name)
    record(action, actor=actor, target=target, request=request, details=details)
