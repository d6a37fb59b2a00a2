"""What a directory tells about a person, read from the attributes by the settings of the admin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.accounts.models import Directory

MOST_GROUPS = 2_000
LONGEST_VALUE = 500
# Parts of the protocol: they say nothing about the person.
PROTOCOL = frozenset(
    [
        "iss",
        "aud",
        "exp",
        "iat",
        "nbf",
        "nonce",
        "at_hash",
        "c_hash",
        "s_hash",
        "azp",
        "auth_time",
        "jti",
        "sid",
        "sub",
        "acr",
        "amr",
    ]
)
# Settings of a directory: which attribute tells what.
USER_NAME, EMAIL, GROUPS = "user_name_attribute", "email_attribute", "groups_attribute"
FIRST_NAME, LAST_NAME = "first_name_attribute", "last_name_attribute"
MATCH_ATTRIBUTE, MATCH_FIELD = "match_attribute", "match_field"


@dataclass(frozen=True, slots=True)
class Told:
    """One person in a directory's words."""

    subject: str
    user_name: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    groups: tuple[str, ...] | None = None  # None: the directory is not asked about groups
    match: str = ""  # by which somebody whom SCIM brought is recognised
    attributes: Mapping[str, Any] | None = None


def told_by(directory: Directory, subject: str, attributes: Mapping[str, Any]) -> Told:
    """Read a person from attributes: JSON claims or SAML attributes, single values or lists."""
    settings = directory.settings

    def first(setting: str) -> str:
        name = settings.get(setting) or ""
        return next(iter(_texts(attributes.get(name))), "") if name else ""

    groups = settings.get(GROUPS) or ""
    return Told(
        subject=subject,
        user_name=first(USER_NAME),
        email=first(EMAIL),
        first_name=first(FIRST_NAME)[:150],
        last_name=first(LAST_NAME)[:150],
        groups=tuple(_texts(attributes.get(groups)))[:MOST_GROUPS] if groups else None,
        match=first(MATCH_ATTRIBUTE),
        attributes=_kept(attributes, groups),
    )


def storable(text: str) -> str:
    """Return a text without what a database takes no text with: NUL, and halves of letters, as JSON
    can have them."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _texts(value: Any) -> Iterable[str]:
    """Yield the texts of a value; Keycloak's and others' lists of objects have a name inside."""
    for part in value if isinstance(value, list | tuple) else [value]:
        if isinstance(part, Mapping):
            part = part.get("value") or part.get("name") or part.get("display")
        if isinstance(part, str | int) and not isinstance(part, bool):
            text = storable(str(part)).strip()
            if text and len(text) <= LONGEST_VALUE:
                yield text


def _kept(attributes: Mapping[str, Any], groups: str) -> dict[str, Any]:
    """Keep of the attributes what an admin wants to look at, and not more than a page of it; of
    groups all that count, since a change of the mapping reads them again."""
    kept: dict[str, Any] = {}
    first = sorted(attributes, key=lambda name: name != groups)[:60]
    for name in first:
        value = attributes[name]
        texts = list(_texts(value))[: MOST_GROUPS if name == groups else 100]
        if name not in PROTOCOL and texts and len(name) <= LONGEST_VALUE:
            kept[storable(name)] = texts if isinstance(value, list | tuple) else texts[0]
    return kept
