"""A record in the shape of the Open Cybersecurity Schema Framework (schema.ocsf.io), version 1.5.0.

Each action is one activity of one class; what OCSF has no word for stands in `unmapped`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.audit.actions import Action, Outcome
from appliance.audit.models import Event

VERSION = "1.5.0"
PRODUCT = {"name": "Plumbline", "vendor_name": "Plumbline"}
OTHER = 99

ACCOUNT, SIGN_IN, ENTITY, ACCESS, GROUP = 3001, 3002, 3004, 3005, 3006
WEB = 6001
CREATE, READ, UPDATE, DELETE, SEARCH, IMPORT, EXPORT, SHARE = range(1, 9)

INFORMATIONAL, LOW, MEDIUM = 1, 2, 3
SUCCESS, FAILURE = 1, 2


@dataclass(frozen=True, slots=True)
class Activity:
    """What an action is in OCSF: an activity of a class; 99 is one that the class has no name for."""

    class_uid: int
    activity_id: int


ACTIVITIES: Mapping[Action, Activity] = {
    Action.SIGNED_IN: Activity(SIGN_IN, 1),
    Action.SIGN_IN_FAILED: Activity(SIGN_IN, 1),
    Action.SIGN_IN_LOCKED: Activity(ACCOUNT, 9),
    Action.SIGNED_OUT: Activity(SIGN_IN, 2),
    Action.SESSION_REVOKED: Activity(SIGN_IN, 2),
    Action.LINK_REFUSED: Activity(SIGN_IN, OTHER),
    Action.SECOND_FACTOR_ADDED: Activity(ACCOUNT, 10),
    Action.SECOND_FACTOR_REMOVED: Activity(ACCOUNT, 11),
    Action.PASSWORD_CHANGED: Activity(ACCOUNT, 3),
    Action.PERSON_CREATED: Activity(ACCOUNT, 1),
    Action.PERSON_CHANGED: Activity(ACCOUNT, OTHER),
    Action.PERSON_DISABLED: Activity(ACCOUNT, 5),
    Action.PERSON_ENABLED: Activity(ACCOUNT, 2),
    Action.PERSON_DELETED: Activity(ACCOUNT, 6),
    Action.GROUP_CREATED: Activity(GROUP, 6),
    Action.GROUP_CHANGED: Activity(GROUP, OTHER),
    Action.GROUP_DELETED: Activity(GROUP, 5),
    Action.MEMBER_ADDED: Activity(GROUP, 3),
    Action.MEMBER_REMOVED: Activity(GROUP, 4),
    Action.ROLE_GIVEN: Activity(ACCESS, 1),
    Action.ROLE_TAKEN: Activity(ACCESS, 2),
    Action.DIRECTORY_CREATED: Activity(ENTITY, CREATE),
    Action.DIRECTORY_CHANGED: Activity(ENTITY, UPDATE),
    Action.DIRECTORY_TESTED: Activity(ENTITY, READ),
    Action.DIRECTORY_DELETED: Activity(ENTITY, DELETE),
    Action.DIRECTORY_SYNCED: Activity(ENTITY, UPDATE),
    Action.RULES_CHANGED: Activity(ENTITY, UPDATE),
    Action.GRANT_ADDED: Activity(ENTITY, CREATE),
    Action.GRANT_CHANGED: Activity(ENTITY, UPDATE),
    Action.GRANT_REVOKED: Activity(ENTITY, DELETE),
    Action.HOST_ADDED: Activity(ENTITY, CREATE),
    Action.HOST_CHANGED: Activity(ENTITY, UPDATE),
    Action.HOST_REMOVED: Activity(ENTITY, DELETE),
    Action.HOST_PERSON_SET: Activity(ENTITY, UPDATE),
    Action.HOST_ACCESS_SWITCHED: Activity(ENTITY, UPDATE),
    Action.HOST_ACCESS_SYNCED: Activity(ENTITY, UPDATE),
    Action.GLASS_BROKEN: Activity(ENTITY, CREATE),
    Action.GLASS_MENDED: Activity(ENTITY, DELETE),
    Action.DENIED: Activity(WEB, READ),
    Action.TOKEN_CREATED: Activity(ENTITY, CREATE),
    Action.TOKEN_RENEWED: Activity(ENTITY, UPDATE),
    Action.TOKEN_REVOKED: Activity(ENTITY, DELETE),
    Action.TOKEN_REFUSED: Activity(ENTITY, READ),
    Action.SEARCHED: Activity(WEB, SEARCH),
    Action.CODE_SEARCHED: Activity(WEB, SEARCH),
    Action.FILE_READ: Activity(WEB, READ),
    Action.SYMBOL_READ: Activity(WEB, SEARCH),
    Action.ASKED: Activity(WEB, SEARCH),
    Action.ANSWERED: Activity(WEB, CREATE),
    Action.SHOWN: Activity(WEB, READ),
    Action.PROMPT_INSPECTED: Activity(WEB, READ),
    Action.EXPORTED: Activity(WEB, EXPORT),
    Action.HITS_EXPORTED: Activity(WEB, EXPORT),
    Action.ALERT_CHANGED: Activity(ENTITY, UPDATE),
    Action.SET_CHANGED: Activity(ENTITY, UPDATE),
    Action.ALERT_SENT: Activity(WEB, SHARE),
    Action.ANSWER_TOLD: Activity(WEB, SHARE),
    Action.SHARED: Activity(WEB, SHARE),
    Action.UNSHARED: Activity(WEB, UPDATE),
    Action.THREAD_DELETED: Activity(WEB, DELETE),
    Action.SOURCE_CONNECTED: Activity(ENTITY, CREATE),
    Action.SOURCE_REFUSED: Activity(ENTITY, CREATE),
    Action.SOURCE_CHANGED: Activity(ENTITY, UPDATE),
    Action.SOURCE_REMOVED: Activity(ENTITY, DELETE),
    Action.SOURCE_STEERED: Activity(ENTITY, UPDATE),
    Action.CODE_EXPORTED: Activity(WEB, EXPORT),
    Action.CREDENTIAL_ADDED: Activity(ENTITY, CREATE),
    Action.CREDENTIAL_CHANGED: Activity(ENTITY, UPDATE),
    Action.CREDENTIAL_REMOVED: Activity(ENTITY, DELETE),
    Action.HOOK_RENEWED: Activity(ENTITY, UPDATE),
    Action.CURATED: Activity(ENTITY, UPDATE),
    Action.ADAPTER_SET: Activity(ENTITY, UPDATE),
    Action.ADAPTER_REMOVED: Activity(ENTITY, DELETE),
    Action.EVALUATED: Activity(ENTITY, CREATE),
    Action.PROMOTED: Activity(ENTITY, UPDATE),
    Action.AUDIT_READ: Activity(WEB, READ),
    Action.AUDIT_EXPORTED: Activity(WEB, EXPORT),
    Action.AUDIT_HELD: Activity(ENTITY, CREATE),
    Action.AUDIT_RELEASED: Activity(ENTITY, DELETE),
    Action.AUDIT_PRUNED: Activity(ENTITY, DELETE),
    Action.BACKED_UP: Activity(WEB, EXPORT),
    Action.RESTORED: Activity(WEB, IMPORT),
    Action.EGRESS_CHECKED: Activity(ENTITY, READ),
    Action.EGRESS_EXPORTED: Activity(WEB, EXPORT),
    Action.KEY_ROTATED: Activity(ENTITY, UPDATE),
    Action.UPGRADED: Activity(ENTITY, UPDATE),
    Action.SUPPORT_BUNDLED: Activity(WEB, EXPORT),
}
# Worth a look by themselves, whatever their outcome.
LOUD = {Action.GLASS_BROKEN, Action.SIGN_IN_LOCKED, Action.LINK_REFUSED, Action.RESTORED}


def to_ocsf(event: Event) -> dict[str, Any]:
    """Return a record as an OCSF event. Code, answers and secrets are in no record."""
    activity = ACTIVITIES.get(Action(event.action), Activity(ENTITY, OTHER))
    failed = event.outcome != Outcome.DONE
    told: dict[str, Any] = {
        "activity_id": activity.activity_id,
        "activity_name": event.label,
        "category_uid": activity.class_uid // 1000,
        "class_uid": activity.class_uid,
        "type_uid": activity.class_uid * 100 + activity.activity_id,
        "time": int(event.at.timestamp() * 1000),
        "severity_id": _severity(event),
        "status_id": FAILURE if failed else SUCCESS,
        "status": "Failure" if failed else "Success",
        "message": _message(event),
        "metadata": {
            "version": VERSION,
            "product": PRODUCT,
            "uid": str(event.sequence),
            "sequence": event.sequence,
            "event_code": event.action,
            "log_name": "audit",
        },
        "actor": _actor(event),
        "unmapped": {
            "outcome": event.outcome,
            "details": event.details,
            "previous_hash": event.previous_hash,
            "hash": event.hash,
            "signature": event.signature,
        },
    }
    if event.address:
        told["src_endpoint"] = {"ip": event.address}
    return told | OBJECTS[activity.class_uid](event)


def _severity(event: Event) -> int:
    if event.action in LOUD:
        return MEDIUM
    return INFORMATIONAL if event.outcome == Outcome.DONE else LOW


def _message(event: Event) -> str:
    what = f": {event.object_name or event.object_id}" if event.object_kind else ""
    return f"{event.label} by {event.actor or 'somebody unknown'}{what}"


def _actor(event: Event) -> dict[str, Any]:
    if event.actor_id is None and event.actor:
        return {"app_name": event.actor}
    return {"user": _person(event.actor, event.actor_id)}


def _person(name: str, person_id: int | str | None) -> dict[str, Any]:
    person: dict[str, Any] = {"name": name or "unknown", "type_id": 1 if name else 0}
    return person | ({"uid": str(person_id)} if person_id not in {None, ""} else {})


def _with_user(event: Event) -> dict[str, Any]:
    """Return the person that it is about: the one named, or else who acted."""
    if event.object_kind == "person":
        return {"user": _person(event.object_name, event.object_id)}
    return {"user": _person(event.actor, event.actor_id)}


def _with_privileges(event: Event) -> dict[str, Any]:
    return {**_with_user(event), "privileges": [str(event.details.get("role", ""))]}


def _with_group(event: Event) -> dict[str, Any]:
    if event.object_kind == "person":
        named = {"name": str(event.details.get("group", ""))}
        return {"group": named, "user": _person(event.object_name, event.object_id)}
    return {"group": {"name": event.object_name, "uid": event.object_id}}


def _with_entity(event: Event) -> dict[str, Any]:
    entity = {"name": event.object_name or event.action, "type": event.object_kind or "appliance"}
    return {"entity": entity | {"uid": event.object_id} if event.object_id else entity}


def _with_resources(event: Event) -> dict[str, Any]:
    shown = [
        {"name": f"{path}#L{first}-L{last}", "type": "lines", "uid": f"{source}@{commit}"}
        for source, path, first, last, commit, _ in event.details.get("shown", ())
    ]
    named = {"name": event.object_name or event.action, "type": event.object_kind or "appliance"}
    first = named | {"uid": event.object_id} if event.object_id else named
    return {"web_resources": [first, *shown]}


OBJECTS: Mapping[int, Callable[[Event], dict[str, Any]]] = {
    SIGN_IN: _with_user,
    ACCOUNT: _with_user,
    ACCESS: _with_privileges,
    GROUP: _with_group,
    ENTITY: _with_entity,
    WEB: _with_resources,
}
