"""The pages of administration in groups, and which of them a page belongs to.

The base template draws the list beside every page that belongs to one, so that a person's page
or a case of curation keeps it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template

register = template.Library()


@dataclass(frozen=True, slots=True)
class Place:
    """One entry: the name of its address, and of the addresses of the pages below it."""

    label: str
    name: str
    below: tuple[str, ...] = ()

    def holds(self, name: str | None) -> bool:
        return name == self.name or name in self.below


@dataclass(frozen=True, slots=True)
class Part:
    """A group of entries under one heading."""

    label: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Menu:
    """The groups, and the entry that the page on screen belongs to."""

    parts: tuple[Part, ...]
    here: Place


PARTS = (
    Part(
        "How it goes",
        (
            Place("Overview", "manage"),
            Place("Insight", "insight"),
            Place("Jobs", "jobs"),
            Place("Search quality", "evaluation", ("evaluation_run",)),
            Place("Curation", "curation", ("case", "curated", "unanswered")),
        ),
    ),
    Part(
        "People and access",
        (
            Place(
                "People",
                "people",
                ("person", "person_new", "person_edit", "person_password", "person_disable",
                 "person_remove"),
            ),
            Place("Groups", "groups", ("group", "group_new", "group_rename", "group_remove")),
            Place(
                "Directories",
                "directories",
                ("directory", "directory_new", "directory_test", "directory_preview",
                 "directory_mapping", "directory_provisioning", "directory_remove",
                 "sign_in_rules"),
            ),
            Place("Code hosts", "code_hosts", ("code_host", "code_host_remove")),
            Place("Access", "access", ("access_who", "access_browse")),
            Place("Tokens", "all_tokens"),
            Place("Emergency access", "glass"),
        ),
    ),
    Part(
        "Proof",
        (
            Place(
                "Audit",
                "audit",
                ("audit_record", "audit_lines", "audit_person", "audit_holds"),
            ),
            Place("Air gap", "egress"),
        ),
    ),
    Part(
        "Appliance",
        (
            Place("Adapters", "adapters"),
            Place("Settings", "settings"),
            Place("Support", "support"),
        ),
    ),
)  # fmt: skip


@register.simple_tag(takes_context=True)
def administration(context: Mapping[str, Any]) -> Menu | None:
    """Return the menu for an admin on a page of administration; None for everybody else."""
    match = getattr(context.get("request"), "resolver_match", None)
    name = match.url_name if match else None
    here = next((place for part in PARTS for place in part.places if place.holds(name)), None)
    # Asked last: roles are read from the database.
    if here is None or "admin" not in context.get("roles", ()):
        return None
    return Menu(PARTS, here)
