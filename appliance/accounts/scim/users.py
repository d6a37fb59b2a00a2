"""Users of a directory, as SCIM makes, changes and deletes them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from appliance.accounts.leaving import disable, enable
from appliance.accounts.models import Directory, Identity
from appliance.accounts.people import make_person, update_person
from appliance.accounts.scim.errors import not_found, not_unique
from appliance.accounts.scim.fields import UserFields, fields_of, read_user
from appliance.accounts.scim.joining import refresh_groups
from appliance.accounts.scim.patching import patched, read_operations
from appliance.accounts.scim.querying import to_id
from appliance.accounts.targets import actor_of

SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"


def users_of(directory: Directory) -> QuerySet[Identity]:
    """Return whom this directory made by SCIM: nobody else can be seen or touched through it."""
    return directory.identities.filter(provisioned__isnull=False, removed_at=None)


def get_user(directory: Directory, scim_id: str) -> Identity:
    """Raises ScimError (404), also for people of other directories."""
    number = to_id(scim_id)
    found = users_of(directory).select_related("user", "directory").filter(pk=number or 0).first()
    if found is None:
        raise not_found("user", scim_id)
    return found


def create_user(directory: Directory, body: dict[str, Any]) -> Identity:
    """Make a person. One whom the directory deleted before comes back by the same externalId."""
    fields = read_user(body)
    with transaction.atomic():
        lock(directory)
        _check_unique(directory, fields)
        identity = _deleted_before(directory, fields) or _new(directory, fields)
        identity.removed_at = None
        return _write(identity, fields)


def replace_user(directory: Directory, scim_id: str, body: dict[str, Any]) -> Identity:
    fields = read_user(body)
    with transaction.atomic():
        lock(directory)
        identity = get_user(directory, scim_id)
        _check_unique(directory, fields, besides=identity)
        return _write(identity, fields)


def patch_user(directory: Directory, scim_id: str, body: dict[str, Any]) -> Identity:
    with transaction.atomic():
        lock(directory)
        identity = get_user(directory, scim_id)
        fields = patched(fields_of(identity), read_operations(body))
        _check_unique(directory, fields, besides=identity)
        return _write(identity, fields)


def delete_user(directory: Directory, scim_id: str) -> None:
    """Forget a user for SCIM and shut the person out; threads and records of theirs stay."""
    with transaction.atomic():
        lock(directory)
        identity = get_user(directory, scim_id)
        identity.removed_at = timezone.now()
        identity.is_active = False
        identity.save(update_fields=["removed_at", "is_active"])
        identity.scim_groups.clear()
        disable(
            identity.user,
            by=actor_of(directory),
            why="The directory deleted this person.",
            even_last_admin=True,
        )
        refresh_groups(directory, [identity])


def user_to_json(identity: Identity, base: str) -> dict[str, Any]:
    fields = fields_of(identity)
    names = {
        "givenName": fields.given_name,
        "familyName": fields.family_name,
        "formatted": f"{fields.given_name} {fields.family_name}".strip(),
    }
    email = {"value": fields.email, "type": "work", "primary": True}
    body: dict[str, Any] = {
        "externalId": fields.external_id,
        "displayName": fields.display_name,
        "name": {part: text for part, text in names.items() if text},
        "emails": [email] if fields.email else [],
        "groups": [
            {"value": str(group.pk), "display": group.name, "$ref": f"{base}/Groups/{group.pk}"}
            for group in identity.scim_groups.all()
        ],
    }
    return {
        "schemas": [SCHEMA],
        "id": str(identity.pk),
        "userName": fields.user_name,
        "active": fields.is_active,
        **{name: value for name, value in body.items() if value},
        "meta": {
            "resourceType": "User",
            "created": identity.created_at.isoformat(),
            "lastModified": identity.changed_at.isoformat(),
            "location": f"{base}/Users/{identity.pk}",
        },
    }


def lock(directory: Directory) -> None:
    """Let requests of one directory change things one after the other."""
    Directory.objects.select_for_update().get(pk=directory.pk)


def _check_unique(
    directory: Directory, fields: UserFields, besides: Identity | None = None
) -> None:
    others = users_of(directory)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if others.filter(user_name__iexact=fields.user_name).exists():
        raise not_unique(f"There is already a user {fields.user_name}.")
    if fields.external_id and others.filter(external_id=fields.external_id).exists():
        raise not_unique(f"There is already a user with the externalId {fields.external_id}.")


def _deleted_before(directory: Directory, fields: UserFields) -> Identity | None:
    """By the id there alone: a name is given to somebody new after its owner has left."""
    if not fields.external_id:
        return None
    return (
        directory.identities.select_related("user", "directory")
        .filter(external_id=fields.external_id, removed_at__isnull=False)
        .order_by("-removed_at")
        .first()
    )


def _new(directory: Directory, fields: UserFields) -> Identity:
    user = make_person(fields.facts, directory)
    return Identity.objects.create(
        directory=directory, user=user, user_name=fields.user_name, provisioned={}
    )


def _write(identity: Identity, fields: UserFields) -> Identity:
    was_active = identity.is_active
    identity.user_name = fields.user_name
    identity.external_id = fields.external_id
    identity.is_active = fields.is_active
    identity.provisioned = fields.provisioned
    identity.changed_at = identity.seen_at = timezone.now()
    identity.save()
    who = actor_of(identity.directory)
    update_person(identity.user, fields.facts, by=who)
    if fields.is_active and not was_active:
        enable(identity.user, by=who, why="The directory made this person active.")
    if was_active and not fields.is_active:
        disable(
            identity.user,
            by=who,
            why="The directory made this person inactive.",
            even_last_admin=True,
        )
    if fields.is_active != was_active:
        refresh_groups(identity.directory, [identity])
    return identity
