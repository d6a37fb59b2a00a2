"""A new secret key: what the old one sealed is read with the new one, all or nothing."""

from __future__ import annotations

from io import StringIO

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import BinaryField
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources.credentials import add, token_of
from appliance.web.rotating import COLUMNS
from indexer import sealing
from indexer.errors import FetchRefused
from indexer.fetching.values import Credential
from indexer.models import SharedCredential

pytestmark = [pytest.mark.services, pytest.mark.django_db]
NEW = "another-key-" + "y" * 40


@pytest.fixture
def sealed(owner: User) -> SharedCredential:
    shared = add("robot", Credential("git", "tkn-1"))
    data = {"secret": get_adapter().encrypt("OTPSECRET")}
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data=data)
    return shared


def use_new_key(settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW


def test_what_was_sealed_is_read_with_the_new_key_alone(
    sealed: SharedCredential, settings: Settings
) -> None:
    use_new_key(settings)
    with pytest.raises(FetchRefused):
        token_of(sealed)
    output = StringIO()
    call_command("rotate_key", stdout=output)
    assert output.getvalue().startswith("2 secrets are sealed with the new key, 0 were already.")
    settings.SECRET_KEY_FALLBACKS = []
    assert token_of(SharedCredential.objects.get()) == "tkn-1"
    assert get_adapter().decrypt(Authenticator.objects.get().data["secret"]) == "OTPSECRET"
    event = Event.objects.get(action="secret_key.rotated")
    assert event.details["sealed_anew"] == 2
    assert "tkn-1" not in str(event.details)


def test_a_second_run_changes_nothing(sealed: SharedCredential, settings: Settings) -> None:
    use_new_key(settings)
    call_command("rotate_key", stdout=StringIO())
    before = bytes(SharedCredential.objects.get().sealed)
    output = StringIO()
    call_command("rotate_key", stdout=output)
    assert output.getvalue().startswith("0 secrets are sealed with the new key, 2 were already.")
    assert bytes(SharedCredential.objects.get().sealed) == before


def test_what_neither_key_opens_is_named_and_left(
    sealed: SharedCredential, settings: Settings
) -> None:
    strange = sealing.seal(Credential("git", "x"), key="a third key")
    SharedCredential.objects.create(name="lost", sealed=strange)
    use_new_key(settings)
    told = StringIO()
    with pytest.raises(CommandError, match="Not everything"):
        call_command("rotate_key", stdout=StringIO(), stderr=told)
    assert "Neither key opens the shared credential lost" in told.getvalue()
    assert bytes(SharedCredential.objects.get(name="lost").sealed) == strange
    assert token_of(SharedCredential.objects.get(name="robot")) == "tkn-1"


def test_without_an_old_key_nothing_is_done(db: None, settings: Settings) -> None:
    with pytest.raises(CommandError, match="PLUMBLINE_OLD_SECRET_KEY"):
        call_command("rotate_key")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    with pytest.raises(CommandError, match="PLUMBLINE_OLD_SECRET_KEY"):
        call_command("rotate_key")


def test_nobody_is_signed_out(client: Client, reader: User, settings: Settings) -> None:
    client.force_login(reader)
    use_new_key(settings)
    assert client.get("/sources/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    client.force_login(reader)
    assert client.get("/sources/").status_code == 200


UNSEALED = {"entries", "offsets", "known", "content", "refs"}


def test_every_sealed_column_is_known() -> None:
    """A new place of sealed secrets must be rotated too."""
    known = {(model, column) for model, column, _ in COLUMNS}
    found = {
        (model, one.name)
        for model in apps.get_models()
        for one in model._meta.get_fields()
        # Of the search, and of what hosts hand each other: no secrets.
        if isinstance(one, BinaryField) and one.name not in UNSEALED
    }
    assert found == known
