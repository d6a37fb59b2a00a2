"""One webhook for all sources that use a shared credential: of a group, organisation or project."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from appliance.accounts.models import User
from appliance.audit.models import Event
from appliance.sources import credentials
from appliance.sources.managing import connect, hook_secret_of, pause
from indexer.fetching.values import Credential
from indexer.models import Job, SharedCredential, Source

Signed = tuple[dict[str, str], bytes]
Sender = Callable[[str, str], Signed]  # secret, path
MAIN = "refs/heads/main"


@pytest.fixture
def shared(db: None) -> SharedCredential:
    return credentials.add("reader", Credential("git", "tkn-1"))


@pytest.fixture
def shop(shared: SharedCredential) -> Source:
    return connect("https://git.example.com/team/Shop.git", name="shop", shared_credential=shared)


@pytest.fixture
def others(shared: SharedCredential) -> list[Source]:
    """Sources that a notice about team/shop must not touch."""
    made = [
        connect(f"https://git.example.com/{path}.git", name=name, shared_credential=shared)
        for path, name in (("team/shop-web", "web"), ("xteam/shop", "x"), ("shop", "bare"))
    ]
    return [*made, connect("https://git.example.com/team/shop.git", name="stranger")]


@pytest.fixture
def secret(shared: SharedCredential) -> str:
    return credentials.renew_hook_secret(shared)


def digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(secret: str, path: str) -> Signed:
    body = json.dumps({"ref": MAIN, "repository": {"full_name": path}}).encode()
    return {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest(secret, body)}"}, body


def gitlab(secret: str, path: str) -> Signed:
    project = {"path_with_namespace": path}
    body = json.dumps({"object_kind": "push", "ref": MAIN, "project": project}).encode()
    return {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": secret}, body


def gitlab_system(secret: str, path: str) -> Signed:
    project = {"path_with_namespace": path}
    body = json.dumps({"event_name": "repository_update", "project": project}).encode()
    return {"X-Gitlab-Event": "System Hook", "X-Gitlab-Token": secret}, body


def gitea(secret: str, path: str) -> Signed:
    body = json.dumps({"ref": MAIN, "repository": {"full_name": path}}).encode()
    return {"X-Gitea-Event": "push", "X-Gitea-Signature": digest(secret, body)}, body


def bitbucket_cloud(secret: str, path: str) -> Signed:
    change = {"new": {"type": "branch", "name": "main"}, "old": None}
    told = {"push": {"changes": [change]}, "repository": {"full_name": path}}
    body = json.dumps(told).encode()
    return {"X-Event-Key": "repo:push", "X-Hub-Signature": f"sha256={digest(secret, body)}"}, body


def bitbucket_data_center(secret: str, path: str) -> Signed:
    key, _, slug = path.partition("/")
    repository = {"slug": slug, "project": {"key": key.upper()}}
    told = {"changes": [{"ref": {"id": MAIN}}], "repository": repository}
    body = json.dumps(told).encode()
    signed = {
        "X-Event-Key": "repo:refs_changed",
        "X-Hub-Signature": f"sha256={digest(secret, body)}",
    }
    return signed, body


def script(secret: str, path: str) -> Signed:
    return {"Authorization": f"Bearer {secret}"}, json.dumps({"repository": path}).encode()


SENDERS = [github, gitlab, gitlab_system, gitea, bitbucket_cloud, bitbucket_data_center, script]


def post(client: Client, credential_id: int, signed: Signed) -> tuple[int, str]:
    headers, body = signed
    response = client.post(
        f"/hooks/shared/{credential_id}/", body, content_type="application/json", headers=headers
    )
    return response.status_code, response.json()["message"]


def queued() -> set[str]:
    return set(Job.objects.filter(reason=Job.Reason.PUSH).values_list("source__name", flat=True))


@pytest.mark.parametrize("sender", SENDERS)
def test_a_push_wakes_the_source_that_it_is_about_and_no_other(
    client: Client,
    shared: SharedCredential,
    shop: Source,
    others: list[Source],
    secret: str,
    sender: Sender,
) -> None:
    assert post(client, shared.pk, sender(secret, "team/shop")) == (202, "A sync is queued.")
    assert queued() == {"shop"}
    shop.refresh_from_db()
    assert shop.pushed_at is not None
    assert not Source.objects.filter(pk__in=[one.pk for one in others], pushed_at__isnull=False)


@pytest.mark.parametrize(
    "location",
    [
        "https://git.example.com/scm/team/shop.git",  # Bitbucket Data Center, a path in front
        "https://git.example.com/team/shop",
        "ssh://git@git.example.com:7999/team/shop.git",
    ],
)
def test_a_repository_is_known_by_the_end_of_its_address(
    client: Client, shared: SharedCredential, secret: str, location: str
) -> None:
    connect(location, name="one", shared_credential=shared)
    assert post(client, shared.pk, github(secret, "team/shop"))[0] == 202
    assert queued() == {"one"}


@pytest.mark.parametrize(
    "path", ["shop", "", "/", "team/", "%/shop", "team/sh_p", "a/team/shop", "m/shop"]
)
def test_what_is_no_path_of_a_source_wakes_nothing(
    client: Client, shared: SharedCredential, shop: Source, secret: str, path: str
) -> None:
    assert post(client, shared.pk, github(secret, path))[0] == 200
    assert not queued()


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("wrong", ["", "another", "whsec_AAAA"])
def test_another_secret_is_refused_as_an_unknown_address_is(
    client: Client, shared: SharedCredential, shop: Source, secret: str, sender: Sender, wrong: str
) -> None:
    refused = post(client, shared.pk, sender(wrong, "team/shop"))
    assert refused[0] == 403
    assert post(client, shared.pk + 1000, sender(wrong, "team/shop")) == refused
    assert not queued()


def test_without_a_secret_every_notice_is_refused(
    client: Client, shared: SharedCredential, shop: Source
) -> None:
    assert post(client, shared.pk, script("", "team/shop"))[0] == 403


def test_the_secret_of_one_address_does_not_open_another(
    client: Client, shared: SharedCredential, shop: Source, secret: str
) -> None:
    headers, body = script(secret, "team/shop")
    address = f"/hooks/{shop.hook_id}/"
    response = client.post(address, body, content_type="application/json", headers=headers)
    assert response.status_code == 403


def test_only_followed_branches_count(
    client: Client, shared: SharedCredential, shop: Source, secret: str
) -> None:
    shop.ref_names = ["release/*"]
    shop.save()
    assert post(client, shared.pk, github(secret, "team/shop"))[0] == 200
    assert not queued()


def test_a_ping_and_a_paused_source_make_no_sync(
    client: Client, shared: SharedCredential, shop: Source, secret: str
) -> None:
    body = b'{"zen": "Keep it logically awesome."}'
    ping = {"X-GitHub-Event": "ping", "X-Hub-Signature-256": f"sha256={digest(secret, body)}"}
    assert post(client, shared.pk, (ping, body))[0] == 200
    pause(shop)
    assert post(client, shared.pk, github(secret, "team/shop"))[0] == 202
    assert not queued()


@pytest.mark.parametrize(
    "body", [b"{", b"null", b'{"repository": 1}', b'{"repository": {"a": []}}']
)
def test_odd_bodies_make_no_error_of_ours(
    client: Client, shared: SharedCredential, shop: Source, secret: str, body: bytes
) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    assert post(client, shared.pk, (headers, body))[0] in {200, 400}
    assert not queued()


def test_an_admin_makes_the_secret_on_the_page_and_sees_it_once(
    client: Client, shared: SharedCredential, staff: User
) -> None:
    client.force_login(staff)
    page = client.post(f"/credentials/{shared.pk}/hook/")
    shared.refresh_from_db()
    secret = hook_secret_of(shared)
    assert secret
    assert secret in page.content.decode()
    assert f"/hooks/shared/{shared.pk}/" in page.content.decode()
    assert secret.encode() not in bytes(shared.hook_secret or b"")
    assert secret not in client.get(f"/credentials/{shared.pk}/").content.decode()
    event = Event.objects.get(action="hook.renewed")
    assert (event.object_name, secret in json.dumps(event.details)) == ("reader", False)


def test_the_command_prints_address_and_secret(shared: SharedCredential, shop: Source) -> None:
    output = StringIO()
    call_command("hook", "--credential", "reader", "--renew", "--json", stdout=output)
    told = json.loads(output.getvalue())
    shared.refresh_from_db()
    assert told == {
        "path": f"/hooks/shared/{shared.pk}/",
        "has_secret": True,
        "secret": hook_secret_of(shared),
    }
    for wrong in ([], ["shop", "--credential", "reader"], ["--credential", "nobody"]):
        with pytest.raises(CommandError):
            call_command("hook", *wrong, stdout=StringIO())
