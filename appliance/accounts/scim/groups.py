"""Groups of a directory, as SCIM makes, changes and deletes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import Directory, Identity, ScimGroup
from appliance.accounts.scim.errors import (
    ScimError,
    invalid_value,
    not_found,
    not_unique,
)
from appliance.accounts.scim.fields import read_text
from appliance.accounts.scim.filters import Both, Comparison, Filter
from appliance.accounts.scim.joining import refresh_groups
from appliance.accounts.scim.patching import Op, Operation, read_operations
from appliance.accounts.scim.paths import lowered
from appliance.accounts.scim.querying import to_id
from appliance.accounts.scim.users import lock, users_of
from appliance.accounts.targets import actor_of
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record

SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
Members = ScimGroup.members.through


def get_group(directory: Directory, scim_id: str) -> ScimGroup:
    """Raises ScimError (404), also for groups of other directories."""
    found = directory.scim_groups.filter(pk=to_id(scim_id) or 0).first()
    if found is None:
        raise not_found("group", scim_id)
    return found


def create_group(directory: Directory, body: dict[str, Any]) -> ScimGroup:
    given = lowered(body)
    with transaction.atomic():
        lock(directory)
        group = ScimGroup(directory=directory)
        _rename(group, given.get("displayname"))
        group.external_id = read_text(given.get("externalid"), "externalId")
        group.save()
        _record(group, Action.GROUP_CREATED)
        _set_members(group, _members(directory, given.get("members")))
    return group


def replace_group(directory: Directory, scim_id: str, body: dict[str, Any]) -> ScimGroup:
    given = lowered(body)
    with transaction.atomic():
        lock(directory)
        group = get_group(directory, scim_id)
        is_renamed = _rename(group, given.get("displayname"))
        group.external_id = read_text(given.get("externalid"), "externalId")
        _save(group)
        _set_members(group, _members(directory, given.get("members")), is_renamed=is_renamed)
    return group


def patch_group(directory: Directory, scim_id: str, body: dict[str, Any]) -> ScimGroup:
    with transaction.atomic():
        lock(directory)
        group = get_group(directory, scim_id)
        members = set(group.members.values_list("pk", flat=True))
        is_renamed = False
        for operation in read_operations(body):
            match operation.path.attribute:
                case "members":
                    members = _changed(directory, members, operation)
                case "displayname":
                    is_renamed |= _rename(group, _value(operation))
                case "externalid":
                    group.external_id = read_text(_value(operation), "externalId")
        _save(group)
        _set_members(group, members, is_renamed=is_renamed)
    return group


def delete_group(directory: Directory, scim_id: str) -> None:
    with transaction.atomic():
        lock(directory)
        group = get_group(directory, scim_id)
        people = list(group.members.select_related(None))
        _record(group, Action.GROUP_DELETED)
        group.delete()
        refresh_groups(directory, people)


def group_to_json(group: ScimGroup, base: str, *, with_members: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "schemas": [SCHEMA],
        "id": str(group.pk),
        "displayName": group.name,
        "meta": {
            "resourceType": "Group",
            "created": group.created_at.isoformat(),
            "lastModified": group.changed_at.isoformat(),
            "location": f"{base}/Groups/{group.pk}",
        },
    }
    if group.external_id:
        body["externalId"] = group.external_id
    if with_members:
        rows = group.members.order_by("pk").values_list("pk", "user_name")
        body["members"] = [
            {"value": str(pk), "display": name, "type": "User", "$ref": f"{base}/Users/{pk}"}
            for pk, name in rows
        ]
    return body


def _rename(group: ScimGroup, value: Any) -> bool:
    name = read_text(value, "displayName")
    if not name:
        raise invalid_value("displayName is missing.")
    same = group.directory.scim_groups.filter(name__iexact=name).exclude(pk=group.pk)
    if same.exists():
        raise not_unique(f"There is already a group {name}.")
    is_other = bool(group.pk) and group.name != name
    group.name = name
    return is_other


def _value(operation: Operation) -> Any:
    return None if operation.op == Op.REMOVE else operation.value


def _save(group: ScimGroup) -> None:
    group.changed_at = timezone.now()
    group.save()
    _record(group, Action.GROUP_CHANGED)


def _changed(directory: Directory, members: set[int], operation: Operation) -> set[int]:
    """Return the members after one operation; removing who is no member changes nothing."""
    chosen = _chosen(operation.path.chosen) if operation.path.chosen else None
    match operation.op:
        case Op.ADD:
            return members | _members(directory, operation.value)
        case Op.REPLACE if chosen is None:
            return _members(directory, operation.value)
        case Op.REPLACE:
            return (members - (chosen or set())) | _members(directory, operation.value)
    if chosen is not None:
        return members - chosen
    if operation.value is None:
        return set()
    # As Entra ID and Ping do it: the members to remove stand in the value.
    return members - set(_ids(operation.value))


def _chosen(found: Filter) -> set[int]:
    """Return the ids of `members[value eq "7"]`, also of several with `or`."""
    match found:
        case Comparison("value", "eq", str(value)):
            number = to_id(value)
            return set() if number is None else {number}
        case Both(terms, is_all=False):
            return {number for term in terms for number in _chosen(term)}
    raise ScimError(400, 'Members are chosen by [value eq "id"].', "invalidPath")


def _members(directory: Directory, value: Any) -> set[int]:
    """Return the members of a list, each of whom must be a user of this directory."""
    wanted = set(_ids(value))
    known = set(users_of(directory).filter(pk__in=wanted).values_list("pk", flat=True))
    if missing := wanted - known:
        raise invalid_value(f"There is no user {min(missing)}, who shall be a member.")
    return wanted


def _ids(value: Any) -> Iterable[int]:
    if isinstance(value, dict) and "members" in lowered(value):  # as Ping's client wraps them
        value = lowered(value)["members"]
    if value is None:
        return
    for one in value if isinstance(value, list) else [value]:
        given = lowered(one).get("value") if isinstance(one, dict) else one
        number = to_id(given) if isinstance(given, str) else None
        if number is None:
            raise invalid_value("Each member needs a value: the id of a user.")
        yield number


def _set_members(group: ScimGroup, members: set[int], *, is_renamed: bool = False) -> None:
    now = set(group.members.values_list("pk", flat=True))
    joining, leaving = members - now, now - members
    Members.objects.filter(scimgroup=group, identity__in=leaving).delete()
    Members.objects.bulk_create(
        [Members(scimgroup_id=group.pk, identity_id=pk) for pk in sorted(joining)], batch_size=5000
    )
    touched = members | now if is_renamed else joining | leaving
    refresh_groups(group.directory, Identity.objects.filter(pk__in=touched))


def _record(group: ScimGroup, action: Action) -> None:
    record(
        action,
        actor=actor_of(group.directory),
        target=Target("directory_group", str(group.pk), group.name),
        details={"directory": group.directory.name},
    )
