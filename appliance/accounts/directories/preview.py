"""Who would come of what a directory tells: the person and the groups, without anything done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.accounts.directories.claims import Told, told_by
from appliance.accounts.directories.people import known, provisioned
from appliance.accounts.mapping import Mapper
from appliance.accounts.models import Directory


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sign-in with these attributes would do."""

    told: Told
    person: str  # in words
    groups: tuple[str, ...] | None  # here; None: left as they are
    unmapped: tuple[str, ...]  # of the directory, which become nothing here


def preview(directory: Directory, attributes: Mapping[str, Any]) -> Preview:
    """Say who would be let in, and into which groups; `sub` or `NameID` names the subject."""
    subject = str(attributes.get("sub") or attributes.get("NameID") or "")
    return preview_of(directory, told_by(directory, subject, attributes))


def preview_of(directory: Directory, told: Told) -> Preview:
    """Say so of somebody whom the directory told about."""
    names = Mapper(directory).names_for(told.groups or ())
    found = sorted({name for mapped in names.values() for name in mapped})
    return Preview(
        told=told,
        person=_person(directory, told),
        groups=None if told.groups is None else tuple(found),
        unmapped=tuple(sorted(name for name, mapped in names.items() if not mapped)),
    )


def _person(directory: Directory, told: Told) -> str:
    if not told.subject:
        return "Nobody: there is no subject (sub for OpenID Connect, NameID for SAML)."
    identity = known(directory, told)
    if identity is None:
        identity = provisioned(directory, told)
        if identity is not None and identity.subject:
            return f"Nobody: it names {identity.user}, whom the directory knows as somebody else."
    if identity is not None:
        state = "" if identity.user.is_active else ", who is switched off and gets no further"
        return f"{identity.user}, whom this directory knows already{state}."
    if not directory.creates_people:
        return "Nobody: this directory makes no new people."
    wanted = told.user_name or told.email.partition("@")[0] or told.subject
    return f"A new person, by the name {wanted} or one like it that is free."
