"""What admins do with code hosts and with the permissions taken from them, each with its record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from appliance.accounts.models import Directory, User
from appliance.audit.actions import Action
from appliance.audit.recording import Entry, Target, record, record_all
from appliance.sources.granting import described, target_of
from appliance.sources.models import CodeHost, Grant, HostAccess, HostPerson
from indexer.models import SharedCredential, Source


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a code host, as an admin chose them."""

    kind: str
    address: str
    credential: SharedCredential
    match: str
    directory: Directory | None
    internal_group: Group | None
    public_group: Group | None

    def told(self) -> dict[str, str]:
        """Return them for the record, by names."""
        return {name: str(getattr(self, name) or "") for name in self.__slots__}


def store(host: CodeHost | None, wanted: Settings) -> CodeHost:
    """Add a host or change it. Another rule of recognising people forgets whom the old one found,
    not whom an admin named; what depends on either is synced soon."""
    with transaction.atomic():
        is_new = host is None
        host = CodeHost.objects.select_for_update().get(pk=host.pk) if host else CodeHost()
        before = (host.match, host.directory_id)
        for name in Settings.__slots__:
            setattr(host, name, getattr(wanted, name))
        host.save()
        if not is_new and before != (host.match, host.directory_id):
            host.people.filter(by_hand=False).delete()
        host.accesses.update(tried_at=None)
        action = Action.HOST_ADDED if is_new else Action.HOST_CHANGED
        record(action, target=_target(host), details=wanted.told())
    return host


def remove(host: CodeHost) -> None:
    """Forget a host, with every rule that it brought."""
    with transaction.atomic():
        grants = Grant.objects.filter(imported_by__host=host)
        _record_revoked(grants)
        record(Action.HOST_REMOVED, target=_target(host))
        host.delete()


def switch_on(source: Source, host: CodeHost) -> HostAccess:
    """Take the host's permissions from now on; the first sync brings them."""
    with transaction.atomic():
        access, is_new = HostAccess.objects.get_or_create(source=source, defaults={"host": host})
        if is_new:
            _record_switch(source, host, on=True)
    return access


def switch_off(access: HostAccess) -> None:
    """Take them no longer: every rule that they brought is revoked."""
    with transaction.atomic():
        _record_revoked(access.grants.all())
        _record_switch(access.source, access.host, on=False)
        access.delete()


def assign(host: CodeHost, account_id: str, user_name: str, user: User) -> HostPerson:
    """Say who an account of a host is; every source where it stands follows at its next sync."""
    with transaction.atomic():
        person, _ = HostPerson.objects.update_or_create(
            host=host,
            account_id=account_id,
            defaults={"user_name": user_name, "user": user, "by_hand": True},
        )
        _record_person(person, user.get_username())
        _look_soon(host, account_id)
    return person


def forget(person: HostPerson) -> None:
    """No longer hold an account of a host for a person; the rule may find somebody for it."""
    with transaction.atomic():
        _record_person(person, "")
        _look_soon(person.host, person.account_id)
        person.delete()


def _look_soon(host: CodeHost, account_id: str) -> None:
    host.accesses.filter(members__account_id=account_id).update(tried_at=None)


def _record_person(person: HostPerson, whom: str) -> None:
    details = {"account": person.user_name, "account_id": person.account_id, "person": whom}
    record(Action.HOST_PERSON_SET, target=_target(person.host), details=details)


def _record_switch(source: Source, host: CodeHost, *, on: bool) -> None:
    target = Target("source", str(source.pk), source.name)
    record(Action.HOST_ACCESS_SWITCHED, target=target, details={"on": on, "host": str(host)})


def _record_revoked(grants: Iterable[Grant]) -> None:
    rows = Grant.objects.filter(pk__in=[grant.pk for grant in grants])
    rows = rows.select_related("user", "group", "source", "imported_by__host")
    record_all(
        [Entry(Action.GRANT_REVOKED, target_of(one), details=described(one)) for one in rows]
    )


def _target(host: CodeHost) -> Target:
    return Target("code host", str(host.pk), str(host))
