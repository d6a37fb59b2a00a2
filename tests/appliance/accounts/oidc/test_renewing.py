"""Who is disabled at an OpenID provider, or leaves a group there, is out without signing in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from appliance.accounts import leaving
from appliance.accounts.directories.lapsing import lapse
from appliance.accounts.directories.managing import tells_who_left
from appliance.accounts.models import ApiToken, Directory, Identity, TokenRight, User
from appliance.accounts.oidc.renewing import Look, ask_again
from appliance.accounts.tasks import glance_at
from appliance.accounts.tokens import create_token
from appliance.audit.models import Event
from tests.appliance.accounts.oidc.conftest import is_signed_in, sign_in
from tests.identity.hostile import HostileProvider, sign

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def renewing(directory: Directory, provider: HostileProvider) -> Directory:
    directory.settings |= {"renews": True}
    directory.save()
    provider.refresh = "first"
    provider.claims = {"preferred_username": "ana", "groups": ["dev", "ops"]}
    return directory


@pytest.fixture
def ana(client: Client, renewing: Directory, provider: HostileProvider) -> User:
    assert sign_in(client, provider).status_code == 302
    return User.objects.get(username="ana")


@pytest.fixture
def program(ana: User) -> str:
    return create_token(ana, name="editor", rights=[TokenRight.READ], by=ana).text


def reads(program: str) -> bool:
    answer = Client().get("/api/v1/sources", headers={"Authorization": f"Bearer {program}"})
    return answer.status_code == 200


def groups(user: User) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_a_renewal_changes_nothing_and_each_refresh_token_is_used_once(
    client: Client, renewing: Directory, ana: User, provider: HostileProvider
) -> None:
    before = Event.objects.count()
    assert ask_again(renewing) == Look(renewed=1)
    assert ask_again(renewing) == Look(renewed=1)
    assert provider.refresh == "first++"
    assert [given["refresh_token"] for path, given in provider.asked[1:]] == ["first", "first+"]
    assert is_in(client)
    assert Event.objects.count() == before
    assert b"first" not in bytes(Identity.objects.get().sealed_renewal)


def test_who_is_disabled_there_is_out_with_session_and_token(
    client: Client, renewing: Directory, ana: User, program: str, provider: HostileProvider
) -> None:
    assert reads(program)
    provider.refusal = (400, "invalid_grant")

    glance_at(renewing.pk)

    assert not is_in(client)
    assert not UserSession.objects.exists()
    assert not reads(program)
    told = Event.objects.get(action="person.disabled")
    assert (told.actor, told.details["why"]) == (
        "directory acme",
        "The provider no longer renews this person's sign-in.",
    )
    assert ask_again(renewing) == Look()


def test_who_signs_in_again_has_their_tokens_again(
    client: Client, renewing: Directory, ana: User, program: str, provider: HostileProvider
) -> None:
    provider.refusal = (400, "invalid_grant")
    ask_again(renewing)
    leaving.end_left()  # the upkeep leaves alone what only waits
    assert not reads(program)
    provider.refusal = None

    assert sign_in(client, provider, code="c2").status_code == 302

    assert is_signed_in(client)
    assert reads(program)
    assert Event.objects.filter(action="person.enabled", object_name="ana").count() == 1
    assert Identity.objects.get().lapsed_at is None


def test_whom_an_admin_shuts_out_meanwhile_does_not_come_back(
    client: Client, renewing: Directory, ana: User, program: str, provider: HostileProvider
) -> None:
    provider.refusal = (400, "invalid_grant")
    ask_again(renewing)
    assert leaving.disable(ana, by="admin", why="left the company")
    assert not leaving.disable(ana, by="admin")
    provider.refusal = None

    assert sign_in(client, provider, code="c2").status_code == 403

    assert not is_signed_in(client)
    assert ApiToken.objects.get().revoked_at is not None


def test_a_group_that_is_lost_there_is_lost_here(
    renewing: Directory, ana: User, provider: HostileProvider
) -> None:
    assert groups(ana) == ["dev", "ops"]
    provider.claims = {"groups": ["ops"]}

    assert ask_again(renewing) == Look(renewed=1)

    assert groups(ana) == ["ops"]
    assert Identity.objects.get().attributes["groups"] == ["ops"]  # what a mapping is made of
    assert Event.objects.get(action="group.member_removed").details["group"] == "dev"
    assert ana.is_active


@pytest.mark.parametrize("refusal", [(500, ""), (429, "slow_down"), (400, "invalid_client")])
def test_trouble_of_the_provider_shuts_nobody_out(
    client: Client,
    renewing: Directory,
    ana: User,
    provider: HostileProvider,
    refusal: tuple[int, str],
) -> None:
    provider.refusal = refusal
    assert ask_again(renewing) is None
    assert is_in(client)
    assert groups(ana) == ["dev", "ops"]


def of_somebody_else(provider: HostileProvider) -> None:
    provider.claims |= {"sub": "subject-2", "groups": []}


def unsigned(provider: HostileProvider) -> None:
    provider.claims |= {"groups": []}
    provider.forge = lambda _, claims: sign(claims, key=None, algorithm="none")


@pytest.mark.parametrize("lie", [of_somebody_else, unsigned])
def test_what_proves_nothing_changes_nothing(
    renewing: Directory,
    ana: User,
    provider: HostileProvider,
    lie: Callable[[HostileProvider], None],
) -> None:
    lie(provider)
    assert ask_again(renewing) is None
    assert groups(ana) == ["dev", "ops"]


def test_a_provider_that_is_down_shuts_nobody_out(
    client: Client, renewing: Directory, ana: User
) -> None:
    renewing.settings |= {"issuer": "http://127.0.0.1:9"}
    assert ask_again(renewing) is None
    assert is_in(client)


def test_who_signs_in_during_the_question_stays(
    client: Client, renewing: Directory, ana: User, provider: HostileProvider
) -> None:
    identity = Identity.objects.select_related("user", "directory").get()
    Identity.objects.update(sealed_renewal=b"of a newer sign-in")
    assert not lapse(identity, "")
    assert is_in(client)


def test_who_is_not_at_work_is_not_asked_about_and_nobody_too_often(
    renewing: Directory, ana: User, provider: HostileProvider
) -> None:
    renewing.settings |= {"renew_seconds": 60}
    assert ask_again(renewing) == Look()
    Identity.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
    assert ask_again(renewing) == Look(renewed=1)
    renewing.settings |= {"renew_seconds": None}
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=20))
    assert ask_again(renewing) == Look()


def test_without_the_setting_nothing_is_kept_or_asked(
    client: Client, directory: Directory, provider: HostileProvider
) -> None:
    provider.refresh = "first"
    assert sign_in(client, provider).status_code == 302
    glance_at(directory.pk)
    assert bytes(Identity.objects.get().sealed_renewal) == b""
    assert [path for path, _ in provider.asked] == ["/token"]
    assert not tells_who_left(directory)


def test_a_site_that_asks_again_is_not_warned(renewing: Directory) -> None:
    assert tells_who_left(renewing)
