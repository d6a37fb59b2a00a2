"""API tokens as values: a hash is kept, an end is set, use is noted, revoking is final."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from appliance.accounts import tokens
from appliance.accounts.models import ApiToken, TokenRight, User
from appliance.accounts.tokens import (
    NewToken,
    TokenNotMade,
    TokenRefused,
    create_token,
    find_token,
    note_use,
    revoke_all,
    revoke_token,
)
from appliance.audit.actions import Action
from appliance.audit.models import Event

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def made(user: User, **more: object) -> NewToken:
    asked: dict[str, object] = {"name": "editor", "rights": [TokenRight.READ], "by": user, **more}
    return create_token(user, **asked)  # type: ignore[arg-type]


def reason_of(text: str) -> str:
    with pytest.raises(TokenRefused) as caught:
        find_token(text)
    return caught.value.reason


def test_the_database_holds_nothing_that_opens(reader: User) -> None:
    new = made(reader)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM accounts_apitoken t")
        (row,) = cursor.fetchone()
        cursor.execute("SELECT string_agg(details::text, ' ') FROM audit_event")
        (details,) = cursor.fetchone()
    assert new.text not in row + details
    assert new.text[len(new.token.prefix) :] not in row + details
    assert new.token.prefix == new.text[:12]
    assert find_token(new.text) == new.token
    assert reason_of(new.token.hash) == "unknown"
    assert reason_of(new.text + "x") == "unknown"


def test_a_token_is_long_and_never_the_same(reader: User) -> None:
    texts = {made(reader).text for _ in range(20)}
    assert len(texts) == 20
    assert all(text.startswith("plumb_") and len(text) == 49 for text in texts)


def test_a_token_ends_by_itself(reader: User, settings: Settings) -> None:
    new = made(reader)
    assert new.token.expires_at - timezone.now() > timedelta(days=settings.TOKEN_DAYS - 1)
    ApiToken.objects.update(expires_at=timezone.now())
    assert reason_of(new.text) == "expired"


@pytest.mark.parametrize("days", [0, -1, 366, 10**6])
def test_nobody_makes_one_for_ever(days: int, reader: User) -> None:
    with pytest.raises(TokenNotMade, match="1 to 365 days"):
        made(reader, days=days)
    assert not ApiToken.objects.exists()


def test_revoking_is_at_once_and_final(reader: User) -> None:
    new = made(reader)
    assert revoke_token(new.token, by=reader)
    assert reason_of(new.text) == "revoked"
    assert not revoke_token(new.token, by=reader)
    kinds = list(Event.objects.values_list("action", flat=True))
    assert kinds == [Action.TOKEN_CREATED, Action.TOKEN_REVOKED]


def test_a_disabled_account_has_no_token_even_if_nobody_heard_of_it(reader: User) -> None:
    new = made(reader)
    User.objects.filter(pk=reader.pk).update(is_active=False)  # no signal: past the model
    assert reason_of(new.text) == "disabled"


def test_use_is_noted_once_a_minute(reader: User) -> None:
    token = made(reader).token
    note_use(token, "10.0.0.1")
    note_use(token, "10.0.0.2")
    token.refresh_from_db()
    assert token.last_used_address == "10.0.0.1"
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    note_use(token, "10.0.0.2")
    token.refresh_from_db()
    assert token.last_used_address == "10.0.0.2"


def test_a_loop_makes_no_thousand_tokens(reader: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_ACTIVE", 2)  # two stand for fifty
    first = made(reader)
    made(reader)
    with pytest.raises(TokenNotMade, match="Revoke one"):
        made(reader)
    revoke_token(first.token, by=reader)
    made(reader)
    assert revoke_all(reader, by="command line") == 2


def test_the_command_makes_lists_and_revokes(
    reader: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("token", "reader", "--make", "nightly report", "--days", "7")
    text = capsys.readouterr().out.strip()
    assert find_token(text).name == "nightly report"
    call_command("token", "reader", "--json")
    (listed,) = json.loads(capsys.readouterr().out)["tokens"]
    assert (listed["state"], listed["prefix"]) == ("active", text[:12])
    assert text not in json.dumps(listed)
    call_command("token", "reader", "--revoke", text[:12])
    assert reason_of(text) == "revoked"
    with pytest.raises(CommandError, match="no token"):
        call_command("token", "reader", "--revoke", text[:12])
    with pytest.raises(CommandError, match="no person"):
        call_command("token", "nobody", "--make", "x")
