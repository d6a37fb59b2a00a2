"""The word of a host becomes rules, follows it, is not believed when it seems to have lost its
mind, and lapses by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts.models import Directory, Identity, User
from appliance.audit.actions import Action
from appliance.audit.models import Event
from appliance.sources import tasks
from appliance.sources.access import scope_of
from appliance.sources.changes import changes_of_source, sentence_of
from appliance.sources.granting import set_grant
from appliance.sources.hostaccess.managing import Settings as HostSettings
from appliance.sources.hostaccess.managing import assign, forget, remove, store, switch_off
from appliance.sources.models import CodeHost, Grant, HostAccess, HostMember, HostPerson
from tests.appliance.sources.hostaccess.conftest import Taken, TakenFactory
from tests.conftest import SourceFactory, UserFactory
from tests.hostmembers import Account
from tests.hostserver import HostHandler

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.mark.parametrize("kind", ["gitlab", "github", "gitea", "bitbucket"])
def test_who_reads_there_reads_here_and_nobody_else(
    kind: str,
    taken_factory: TakenFactory,
    source_factory: SourceFactory,
    owner: User,
    reader: User,
    outsider: User,
) -> None:
    source = source_factory("cart", {"cart.py": "PLACE_4711 = 1\n"}, grant=None)
    taken = taken_factory(kind, source)
    taken.project.members = [Account(1, "owner"), Account(2, "Reader"), Account(3, "stranger")]
    report = taken.on()
    assert (report.people, report.gained, report.unmatched, report.error) == (2, 2, 1, "")
    for person, may_read in ((owner, True), (reader, True), (outsider, False)):
        client = Client()
        client.force_login(person)
        found = client.get("/search/", {"q": "place_4711"}).content
        assert (b"cart.py" in found) is may_read, person
        assert scope_of(person).allows(taken.source.pk, "cart.py") is may_read
    (nobody,) = HostMember.objects.filter(user=None)
    assert (nobody.user_name, nobody.why) == ("stranger", "Nobody here has this user name.")


@pytest.mark.parametrize("kind", ["gitlab", "github", "gitea", "bitbucket"])
def test_who_is_removed_there_is_shut_out_by_the_next_sync(
    kind: str, taken_factory: TakenFactory, owner: User, reader: User, settings: Settings
) -> None:
    taken = taken_factory(kind)
    taken.project.members = [Account(1, "owner"), Account(2, "reader")]
    taken.on()
    del taken.project.members[1]
    sent: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        # The edge to Celery; everything before and behind it is real.
        patch.setattr("appliance.sources.tasks.sync_one_host_access.delay", sent.append)
        tasks.sync_host_accesses()
        assert sent == []  # its interval is not over
        HostAccess.objects.update(
            tried_at=timezone.now() - timedelta(seconds=settings.HOST_ACCESS_SYNC_S)
        )
        tasks.sync_host_accesses()
    assert sent == [taken.access.pk]
    tasks.sync_one_host_access(sent[0])
    assert taken.readers() == ["owner"]
    assert scope_of(reader).source_ids == frozenset()


def test_rules_that_people_made_stay_beside_it_and_a_denial_wins(
    taken: Taken, owner: User, reader: User
) -> None:
    set_grant("readers", taken.source, reason="by hand")
    set_grant(owner, taken.source, allow=False)
    taken.project.members = [Account(1, "owner"), Account(2, "reader")]
    taken.on()
    assert not scope_of(owner).allows(taken.source.pk, "cart.py")
    set_grant(reader, taken.source, reason="beside it")
    assert Grant.objects.filter(user=reader).count() == 2
    taken.project.members = [Account(1, "owner")]
    taken.sync()
    assert scope_of(reader).allows(taken.source.pk, "cart.py")  # by the rule of the group
    switch_off(taken.access)
    kept = Grant.objects.filter(source=taken.source).values_list("reason", flat=True)
    assert sorted(kept) == ["", "beside it", "by hand"]


def test_every_rule_that_comes_or_goes_is_in_the_history(taken: Taken, reader: User) -> None:
    taken.project.members = [Account(1, "reader"), Account(2, "x")]
    taken.on()
    taken.project.members = [Account(2, "x")]
    taken.sync()
    taken.sync()  # nothing new, nothing written
    told = [(one.action, one.actor, sentence_of(one)) for one in changes_of_source(taken.source)]
    by = f"code host {taken.host}"
    sentence = f"reader may read cart:* by the word of {taken.host}"
    assert told == [(Action.GRANT_REVOKED, by, sentence), (Action.GRANT_ADDED, by, sentence)]
    added = Event.objects.get(action=Action.GRANT_ADDED)
    assert added.details["host"] == str(taken.host)
    assert Event.objects.filter(action=Action.HOST_ACCESS_SYNCED).count() == 2


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 302])
def test_a_host_that_does_not_tell_keeps_its_last_word_until_that_lapses(
    status: int, taken: Taken, reader: User, settings: Settings
) -> None:
    settings.HOST_ACCESS_LAPSE_HOURS = 24
    taken.project.members = [Account(1, "reader"), Account(2, "x")]
    taken.on()
    heard = timezone.now()
    taken.project.status = status
    report = taken.sync()
    assert report.error
    assert taken.access.error == report.error
    assert scope_of(reader).allows(taken.source.pk, "cart.py")
    (rule,) = taken.rules()
    assert rule.expires_at is not None
    assert abs(rule.expires_at - heard - timedelta(hours=24)) < timedelta(minutes=1)
    assert not rule.is_expired(heard + timedelta(hours=23))
    assert rule.is_expired(heard + timedelta(hours=25))
    taken.rules().update(expires_at=timezone.now())
    assert scope_of(reader).source_ids == frozenset()
    taken.project.status = 0
    assert taken.sync().error == ""
    assert scope_of(reader).allows(taken.source.pk, "cart.py")


def test_a_host_that_names_nobody_any_more_is_not_believed(taken: Taken, reader: User) -> None:
    taken.project.members = [Account(1, "reader")]
    taken.on()
    taken.project.members = []
    report = taken.sync()
    assert report.held == 1
    assert "nothing was changed" in report.error
    before = taken.rules().get().expires_at
    taken.sync()
    assert taken.rules().get().expires_at == before  # held is not heard: it lapses
    assert taken.sync(go_on=True).lost == 1
    assert (taken.access.error, taken.access.held, taken.readers()) == ("", 0, [])


@pytest.mark.parametrize(("gone", "is_held"), [(3, False), (4, True)])
def test_a_sudden_loss_of_many_is_held(
    gone: int, is_held: bool, taken: Taken, user_factory: UserFactory
) -> None:
    people = [Account(number, f"p{number}") for number in range(1, 11)]
    for one in people:
        user_factory(one.name)
    taken.project.members = people
    taken.on()
    taken.project.members = people[gone:]
    report = taken.sync()
    assert bool(report.held) is is_held
    assert taken.rules().count() == (10 if is_held else 10 - gone)


def test_another_repository_at_the_same_path_is_not_believed(taken: Taken, reader: User) -> None:
    taken.project.members = [Account(1, "x")]
    taken.on()
    taken.project.id = 8
    taken.project.members = [Account(1, "x"), Account(2, "reader")]
    report = taken.sync()
    assert "Another repository" in report.error
    assert taken.readers() == []
    taken.sync(go_on=True)
    assert taken.readers() == ["reader"]
    assert taken.access.repository_id == "8"


def test_a_name_that_another_account_takes_over_opens_nothing(
    taken: Taken, reader: User, owner: User
) -> None:
    taken.project.members = [Account(1, "reader"), Account(5, "owner")]
    taken.on()
    # Renamed, and somebody else took the name: the first is still who they were.
    taken.project.members = [Account(1, "reader-new"), Account(2, "reader"), Account(5, "owner")]
    report = taken.sync()
    assert (report.lost, report.gained, report.unmatched) == (0, 0, 1)
    nobody = HostMember.objects.get(user=None)
    assert nobody.account_id == "2"
    assert "reader already" in nobody.why
    taken.project.members = [Account(2, "reader"), Account(5, "owner")]
    taken.sync()
    assert taken.readers() == ["owner"]


def test_an_admin_says_who_somebody_is_and_takes_it_back(taken: Taken, reader: User) -> None:
    taken.project.members = [Account(4, "rdr"), Account(5, "x")]
    taken.on()
    assert taken.readers() == []
    person = assign(taken.host, "4", "rdr", reader)
    assert taken.access.tried_at is None  # the next minute
    taken.sync()
    assert taken.readers() == ["reader"]
    forget(person)
    taken.sync()
    assert taken.readers() == []


def settings_of(taken: Taken, **changed: object) -> HostSettings:
    told = {name: getattr(taken.host, name) for name in HostSettings.__slots__}
    return HostSettings(**(told | changed))


class TestByMail:
    def test_addresses_are_compared_whatever_their_case(
        self, taken: Taken, user_factory: UserFactory
    ) -> None:
        user_factory("ana", email="Ana@example.com")
        store(taken.host, settings_of(taken, match=CodeHost.Match.EMAIL))
        taken.project.members = [Account(1, "zz", email="ana@EXAMPLE.com"), Account(2, "ana")]
        taken.host.refresh_from_db()
        taken.on()
        assert taken.readers() == ["ana"]
        assert "no e-mail address" in HostMember.objects.get(user=None).why

    @pytest.mark.parametrize(
        ("claims", "counts"),
        [
            ({}, False),
            ({"email_verified": False}, False),
            ({"email_verified": ["true"]}, False),
            ({"email_verified": True}, True),
        ],
    )
    def test_an_address_that_nobody_vouches_for_does_not_count(
        self, claims: dict[str, object], counts: bool, taken: Taken, user_factory: UserFactory
    ) -> None:
        ana = user_factory("ana", email="boss@example.com")
        directory = Directory.objects.create(name="Idp", slug="idp", kind=Directory.Kind.OIDC)
        Identity.objects.create(directory=directory, user=ana, subject="1", attributes=claims)
        store(taken.host, settings_of(taken, match=CodeHost.Match.EMAIL))
        taken.host.refresh_from_db()
        taken.project.members = [Account(1, "boss", email="boss@example.com")]
        taken.on()
        assert taken.readers() == (["ana"] if counts else [])

    def test_what_fits_twice_fits_nobody(self, taken: Taken, user_factory: UserFactory) -> None:
        for name in ("ana", "ben"):
            user_factory(name, email="team@example.com")
        user_factory("cem", email="cem@example.com")
        store(taken.host, settings_of(taken, match=CodeHost.Match.EMAIL))
        taken.host.refresh_from_db()
        taken.project.members = [
            Account(1, "a", email="team@example.com"),
            Account(2, "b", email="cem@example.com"),
            Account(3, "c", email="cem@example.com"),
        ]
        taken.on()
        assert taken.readers() == []
        assert HostMember.objects.filter(user=None).count() == 3


def test_the_identity_providers_id_is_looked_for_in_its_directory_alone(
    taken: Taken, user_factory: UserFactory
) -> None:
    directories = [
        Directory.objects.create(name=name, slug=name, kind=Directory.Kind.SAML)
        for name in ("one", "two")
    ]
    for directory, name in zip(directories, ("ana", "ben"), strict=True):
        Identity.objects.create(directory=directory, user=user_factory(name), subject="uid-1")
    wanted = settings_of(taken, match=CodeHost.Match.EXTERNAL_ID, directory=directories[1])
    store(taken.host, wanted)
    taken.host.refresh_from_db()
    taken.project.members = [Account(1, "ana", external_id="uid-1"), Account(2, "ana2")]
    taken.on()
    assert taken.readers() == ["ben"]
    directories[1].delete()
    taken.sync()
    assert taken.readers() == ["ben"]  # recognised once


def test_another_rule_forgets_whom_the_old_one_found(
    taken: Taken, reader: User, owner: User
) -> None:
    taken.project.members = [Account(1, "reader"), Account(2, "x")]
    taken.on()
    assign(taken.host, "2", "x", owner)
    store(taken.host, settings_of(taken, match=CodeHost.Match.EMAIL))
    assert list(HostPerson.objects.values_list("user__username", flat=True)) == ["owner"]
    taken.sync()
    assert taken.readers() == ["owner"]


@pytest.mark.parametrize("visibility", ["internal", "public"])
def test_what_is_open_there_opens_nothing_unless_an_admin_says_for_whom(
    visibility: str, taken: Taken, reader: User, outsider: User
) -> None:
    taken.project.visibility = visibility
    taken.project.members = [Account(1, "x")]
    taken.on()
    assert taken.readers() == []
    group = Group.objects.get(name="readers")
    store(taken.host, settings_of(taken, **{f"{visibility}_group": group}))
    taken.sync()
    assert taken.readers() == ["readers"]
    assert scope_of(reader).allows(taken.source.pk, "cart.py")
    assert scope_of(outsider).source_ids == frozenset()
    taken.project.visibility = "private"
    taken.sync()
    assert taken.readers() == []


def test_removing_a_host_revokes_what_it_brought(taken: Taken, reader: User) -> None:
    taken.project.members = [Account(1, "reader")]
    taken.on()
    remove(taken.host)
    assert not Grant.objects.exists()
    assert Event.objects.filter(action=Action.GRANT_REVOKED).count() == 1
    assert Event.objects.filter(action=Action.HOST_REMOVED).count() == 1


def test_a_host_that_sends_nonsense_changes_nothing(taken: Taken, reader: User) -> None:
    taken.project.members = [Account(1, "reader")]
    taken.on()

    def lies(handler: HostHandler) -> bool:
        is_list = "members" in handler.path
        body = b'[7, null, {"id": -1}, {"username": "reader"}]' if is_list else b'{"id": 7}'
        handler.send(200, body)
        return True

    taken.served.server.behaviour = lies
    report = taken.sync()
    assert report.held == 1  # entries that name nobody are nobody
    assert taken.readers() == ["reader"]
