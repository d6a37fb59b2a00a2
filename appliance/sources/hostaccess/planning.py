"""What taking a host's permissions would change: decided as a whole before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group

from appliance.accounts.models import User
from appliance.sources.hostaccess.matching import Matched, match
from appliance.sources.models import CodeHost, Grant, HostAccess
from indexer.hosting.members.values import INTERNAL, PUBLIC, HostedAccess
from indexer.models import Source

# A sync that would shut out more than so many at once, and more than this share of those who read by
# the host's word, is held: a host that answers with half of its members looks just like that.
FREE_LOSSES = 3
SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """Who gains and who loses, by the word of the host."""

    told: HostedAccess
    matched: Sequence[Matched]
    gains: Sequence[User | Group]
    loses: Sequence[Grant]
    stays: Sequence[Grant]

    @property
    def people(self) -> list[User]:
        """Return whom the host lets read, each once."""
        found = {one.user.pk: one.user for one in self.matched if one.user is not None}
        return sorted(found.values(), key=lambda user: user.username)

    @property
    def unmatched(self) -> list[Matched]:
        return [one for one in self.matched if one.user is None]

    @property
    def known(self) -> int:
        return len(self.loses) + len(self.stays)

    @property
    def is_suspicious(self) -> bool:
        """Return whether it looks like a fault of the host: nobody, or many fewer than before."""
        losses = len(self.loses)
        many = losses > FREE_LOSSES and losses > SHARE * self.known
        all_gone = losses == self.known and (self.known > 1 or not self.told.members)
        return bool(losses) and (many or all_gone)


def plan(source: Source, host: CodeHost, told: HostedAccess) -> Plan:
    """Compare what a host says with the rules that it brought before; writes nothing."""
    matched = match(host, told.members)
    people = {one.user.pk: one.user for one in matched if one.user is not None}
    opened = {PUBLIC: host.public_group, INTERNAL: host.internal_group}.get(told.visibility)
    groups = {opened.pk: opened} if opened else {}
    loses: list[Grant] = []
    stays: list[Grant] = []
    before = _imported(source)
    for grant in before:
        kept = grant.user_id in people if grant.user_id else grant.group_id in groups
        (stays if kept else loses).append(grant)
    had_people = {grant.user_id for grant in before}
    had_groups = {grant.group_id for grant in before}
    gains: list[User | Group] = [user for pk, user in people.items() if pk not in had_people]
    gains += [group for pk, group in groups.items() if pk not in had_groups]
    return Plan(told, matched, gains, loses, stays)


def _imported(source: Source) -> list[Grant]:
    access = HostAccess.objects.filter(source=source).first()
    if access is None:
        return []
    return list(access.grants.select_related("user", "group", "source", "imported_by__host"))
