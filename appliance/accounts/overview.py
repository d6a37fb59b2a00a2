"""What admins see of people and groups, as values for the pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db.models import Count, Q, QuerySet

from appliance.accounts.models import RoleGrant, User


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role as somebody has it: by themselves, by a group, or by a flag of their account."""

    role: str
    label: str
    source: str = ""
    group: str = ""  # by which they have it; empty: their own

    @property
    def is_own(self) -> bool:
        return not self.group


def find_people(text: str, state: str) -> QuerySet[User]:
    """Return the people in whose name or address these letters stand, by user name."""
    people = User.objects.order_by("username")
    if state:
        people = people.filter(is_active=state == "active")
    if text:
        fields = ("username", "first_name", "last_name", "email")
        matches = Q()
        for field in fields:
            matches |= Q(**{f"{field}__icontains": text})
        people = people.filter(matches)
    return people.prefetch_related("groups", "role_grants", "groups__role_grants")


def roles_held(user: User) -> list[HeldRole]:
    """Return every role that somebody was given, their own first."""
    grants = RoleGrant.objects.filter(Q(user=user) | Q(group__user=user))
    held = [_held(grant) for grant in grants.select_related("source", "group").distinct()]
    if user.is_staff and not any(one.role == "admin" and one.is_own for one in held):
        held.append(HeldRole("admin", "Admin"))
    return sorted(held, key=lambda one: (one.group, one.label, one.source))


def roles_of_group(group: Group) -> list[HeldRole]:
    """Return the roles that each member of a group has by it."""
    grants = group.role_grants.select_related("source")
    return [
        HeldRole(grant.role, grant.get_role_display(), grant.source.name if grant.source else "")
        for grant in grants
    ]


def role_words(user: User) -> str:
    """Return the names of somebody's roles in one line, from rows that are fetched already."""
    labels = {grant.get_role_display() for grant in user.role_grants.all()}
    for group in user.groups.all():
        labels |= {grant.get_role_display() for grant in group.role_grants.all()}
    if user.is_staff:
        labels.add("Admin")
    return ", ".join(sorted(map(str, labels))) or "Employee"


def find_groups(text: str) -> QuerySet[Group]:
    """Return the groups in whose name these letters stand, with the number of their members."""
    groups = Group.objects.order_by("name")
    if text:
        groups = groups.filter(name__icontains=text)
    return groups.annotate(member_count=Count("user")).prefetch_related("role_grants")


def _held(grant: RoleGrant) -> HeldRole:
    return HeldRole(
        grant.role,
        grant.get_role_display(),
        grant.source.name if grant.source else "",
        grant.group.name if grant.group else "",
    )
