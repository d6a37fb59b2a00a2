"""A directory that only sends people and groups: its settings, and what it has done so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Max
from django.utils import timezone

from appliance.accounts.directories.forms import DirectoryForm, Section
from appliance.accounts.directories.steps import State, Step
from appliance.accounts.mapping import AS_NAMED
from appliance.accounts.models import Directory

WORTH_A_WARNING_DAYS = 14


class ScimForm(DirectoryForm):
    """A name, and what becomes of groups: the rest the provider sends."""

    # Nobody signs in through it.
    creates_people = user_name_attribute = email_attribute = None  # type: ignore[assignment]
    first_name_attribute = last_name_attribute = groups_attribute = None  # type: ignore[assignment]
    match_attribute = match_field = None  # type: ignore[assignment]
    common_fields: ClassVar[tuple[str, ...]] = (AS_NAMED,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "As admins know the provider: “Okta”."

    def clean(self) -> dict[str, Any]:
        return super().clean() | {"creates_people": True}  # as in every row; it has no effect

    def sections(self) -> list[Section]:
        return [
            Section("The provider", self.named("name")),
            Section("Groups", self.named(AS_NAMED)),
        ]


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What a directory has sent by SCIM, and when it was last heard of."""

    people: int
    inactive: int
    groups: int
    heard_at: datetime | None


def provisioned(directory: Directory) -> Provisioned:
    sent = directory.identities.filter(provisioned__isnull=False, removed_at=None)
    return Provisioned(
        people=sent.filter(is_active=True).count(),
        inactive=sent.filter(is_active=False).count(),
        groups=directory.scim_groups.count(),
        heard_at=directory.scim_tokens.aggregate(Max("used_at"))["used_at__max"],
    )


def test_connection(directory: Directory) -> Iterator[Step]:
    """Say whether the provider can send, and whether it did: nothing can be asked of it from here."""
    yield (
        Step("The directory is enabled", State.OK)
        if directory.is_enabled
        else Step(
            "The directory is enabled", State.FAILED, "Enable it: until then every token fails."
        )
    )
    yield _token(directory)
    yield _heard(provisioned(directory))


def _token(directory: Directory) -> Step:
    good = directory.scim_tokens.filter(revoked_at=None, expires_at__gt=timezone.now())
    last = good.aggregate(Max("expires_at"))["expires_at__max"]
    if last is None:
        return Step("A token is good", State.FAILED, "Make one under Provisioning by SCIM.")
    days = (last - timezone.now()).days
    if days < WORTH_A_WARNING_DAYS:
        return Step(
            "A token is good", State.OK, f"Its last one ends in {days} days: make another one."
        )
    return Step("A token is good", State.OK, f"Until {last:%Y-%m-%d}.")


def _heard(sent: Provisioned) -> Step:
    name = "The provider was heard of"
    if sent.heard_at is None:
        advice = "Enter the address and a token there, and let it send somebody."
        return Step(name, State.FAILED, f"It has sent nothing yet. {advice}")
    return Step(
        name,
        State.OK,
        f"Last on {sent.heard_at:%Y-%m-%d %H:%M} UTC; it sent {sent.people} people who are "
        f"active, {sent.inactive} who are not, and {sent.groups} groups.",
    )
