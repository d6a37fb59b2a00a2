"""A user as SCIM sends it, read into values: what is not kept here is left out, not refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from appliance.accounts.models import Identity
from appliance.accounts.people import Facts
from appliance.accounts.scim.errors import invalid_value
from appliance.accounts.scim.paths import lowered

MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class UserFields:
    """What is kept of a user."""

    user_name: str
    external_id: str = ""
    is_active: bool = True
    display_name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""

    @property
    def facts(self) -> Facts:
        first, last = self.given_name, self.family_name
        if not (first or last):
            first, _, last = self.display_name.partition(" ")
        return Facts(self.user_name, first, last, self.email)

    @property
    def provisioned(self) -> dict[str, str]:
        """Return what is stored as it was sent, beside names and address of the person."""
        return {"displayName": self.display_name, "givenName": self.given_name} | {
            "familyName": self.family_name,
            "email": self.email,
        }


def read_user(body: dict[str, Any]) -> UserFields:
    """Read the body of a POST or PUT. Raises ScimError (invalidValue)."""
    given = lowered(body)
    fields = UserFields(user_name="")
    for name, value in given.items():
        fields = with_value(fields, name, value)
    if not fields.user_name:
        raise invalid_value("userName is missing.")
    return fields


def fields_of(identity: Identity) -> UserFields:
    """Return what is kept of somebody, to change some of it."""
    told = identity.provisioned or {}
    return UserFields(
        user_name=identity.user_name,
        external_id=identity.external_id,
        is_active=identity.is_active,
        display_name=told.get("displayName", ""),
        given_name=told.get("givenName", ""),
        family_name=told.get("familyName", ""),
        email=told.get("email", ""),
    )


def with_value(fields: UserFields, name: str, value: Any) -> UserFields:
    """Put a value in the place of an attribute, named as `attribute_name` names it."""
    match name:
        case "name":
            return _with_name(fields, value)
        case "emails":
            return replace(fields, email=_email(value))
        case "active":
            return replace(fields, is_active=True if value is None else read_truth(value))
        case _ if name in TEXTS:
            changed = asdict(fields) | {TEXTS[name]: read_text(value, name)}
            return UserFields(**changed)
    return fields


TEXTS = {
    "username": "user_name",
    "externalid": "external_id",
    "displayname": "display_name",
    "name.givenname": "given_name",
    "name.familyname": "family_name",
    "emails.value": "email",
}


def read_text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise invalid_value(f"{name} must be a text.")
    if len(value) > MAX_TEXT or not value.isprintable():
        raise invalid_value(f"{name} must be one line of at most {MAX_TEXT} characters.")
    return value.strip()


def read_truth(value: Any) -> bool:
    """Entra ID sends "True" and "False" as texts, Okta and others in lists of one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = lowered(value).get("value")
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise invalid_value("active must be true or false.")
    return value


def _with_name(fields: UserFields, value: Any) -> UserFields:
    if value is None:
        return replace(fields, given_name="", family_name="")
    if not isinstance(value, dict):
        raise invalid_value("name must be an object.")
    for part, text in lowered(value).items():
        fields = with_value(fields, f"name.{part}", text)
    return fields


def _email(value: Any) -> str:
    """Return the primary address, else that for work, else the first."""
    if value is None:
        return ""
    many = value if isinstance(value, list) else [value]
    found: list[tuple[int, str]] = []
    for one in many:
        entry = lowered(one) if isinstance(one, dict) else {"value": one}
        rank = 0 if entry.get("primary") is True else 1 if entry.get("type") == "work" else 2
        found.append((rank, read_text(entry.get("value"), "emails.value")))
    return min(found, key=lambda pair: pair[0])[1] if found else ""
