"""Who may use SCIM at all: tokens, what the service says of itself, and what is recorded."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import Directory, ScimToken, User
from appliance.accounts.scim.tokens import issue, revoke
from appliance.audit.models import Event
from tests.appliance.accounts.scim.client import Provider, make_provider

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.mark.parametrize("kind", ["none", "wrong", "other", "revoked", "expired", "disabled"])
def test_tokens_that_open_nothing(provider: Provider, kind: str) -> None:
    ana = provider.user("ana")
    directory = Directory.objects.get(slug="okta")
    match kind:
        case "none":
            provider.token = ""
        case "wrong":
            provider.token = provider.token[:-1] + ("a" if provider.token[-1] != "a" else "b")
        case "other":
            provider.token = make_provider("entra").token
        case "revoked":
            revoke(ScimToken.objects.get(), by=User.objects.get(username="the-admin"))
        case "expired":
            ScimToken.objects.update(expires_at=timezone.now())
        case "disabled":
            Directory.objects.filter(pk=directory.pk).update(is_enabled=False)
    answers = [provider.get(path) for path in ("Users", f"Users/{ana}", "ServiceProviderConfig")]
    answers.append(Provider("nowhere", provider.token).get("Users"))
    answers.append(provider.send("POST", "Users", {"userName": "x"}))
    assert {answer.status for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1  # nothing tells what there is
    recorded = Event.objects.filter(action="token.refused")  # a flood is one record
    assert sorted(recorded.values_list("object_name", flat=True)) == ["nowhere", "okta"]


def test_a_session_opens_nothing(provider: Provider, staff: User) -> None:
    client = Client()
    client.force_login(staff)
    assert client.get("/scim/v2/okta/Users").status_code == 401


def test_a_token_is_kept_as_a_hash_and_can_be_changed_without_a_gap(provider: Provider) -> None:
    directory, admin = Directory.objects.get(slug="okta"), User.objects.get(username="the-admin")
    second = Provider("okta", issue(directory, "second", days=1, by=admin))
    assert (provider.get("Users").status, second.get("Users").status) == (200, 200)
    first = ScimToken.objects.get(name="first")
    assert first.used_at is not None
    stored = str(ScimToken.objects.filter(pk=first.pk).values().get())
    assert provider.token not in stored
    assert provider.token not in str(list(Event.objects.values()))
    revoke(first, by=admin)
    assert (provider.get("Users").status, second.get("Users").status) == (401, 200)


def test_the_service_tells_what_it_can_do(provider: Provider) -> None:
    config = provider.get("ServiceProviderConfig").body
    assert not any(config[name]["supported"] for name in ("bulk", "sort", "etag"))
    assert config["patch"]["supported"]
    assert config["filter"]["supported"]
    kinds = provider.get("ResourceTypes").body
    assert [one["endpoint"] for one in kinds["Resources"]] == ["/Users", "/Groups"]
    for one in provider.get("Schemas").body["Resources"]:
        assert provider.get(f"Schemas/{one['id']}").body == one
    assert provider.get("Schemas/nothing").status == 404
    for method, path in (("POST", "Bulk"), ("GET", "Me")):
        answer = provider.send(method, path, {})
        assert (answer.status, answer.body["status"]) == (404, "404")
    assert provider.send("DELETE", "Users").status == 405


def test_every_change_is_recorded(provider: Provider) -> None:
    ana = provider.user("ana")
    group = provider.group("backend", ana)
    provider.patch(f"Users/{ana}", {"op": "replace", "value": {"displayName": "Ana Lima"}})
    provider.patch(f"Users/{ana}", {"op": "replace", "value": {"active": False}})
    provider.send("DELETE", f"Groups/{group}")
    recorded = list(Event.objects.filter(actor="directory okta").values_list("action", flat=True))
    assert recorded == [
        "person.created",
        "group.created",
        "group.member_added",
        "person.changed",
        "person.disabled",
        "group.member_removed",
        "group.deleted",
    ]


def test_the_limit_of_refusals_is_by_address() -> None:
    Client().get("/scim/v2/x/Users", REMOTE_ADDR="10.0.0.1")
    Client().get("/scim/v2/x/Users", REMOTE_ADDR="10.0.0.2")
    assert Event.objects.filter(action="token.refused").count() == 2
