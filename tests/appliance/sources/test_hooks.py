"""Notices of pushes: in each host's own form, signed, and nothing more than a wake-up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.config.celery import app
from appliance.sources.managing import connect, hook_secret_of, pause, renew_hook_secret
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.models import Job, Revision, Source
from tests.brokers import sending_to
from tests.conftest import RepositoryFactory, SourceFactory

Signed = tuple[dict[str, str], bytes]
Sender = Callable[[str, str], Signed]  # secret, ref


@pytest.fixture
def source(db: None) -> Source:
    return connect("https://git.example.com/shop.git", name="shop", ref_names=["main"])


@pytest.fixture
def secret(source: Source) -> str:
    return renew_hook_secret(source)


def digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(secret: str, ref: str) -> Signed:
    body = json.dumps({"ref": ref, "after": "1" * 40, "repository": {"full_name": "x/y"}}).encode()
    return {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest(secret, body)}"}, body


def gitlab(secret: str, ref: str) -> Signed:
    body = json.dumps({"object_kind": "push", "ref": ref, "checkout_sha": "1" * 40}).encode()
    return {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": secret}, body


def gitlab_signed(secret: str, ref: str) -> Signed:
    body = json.dumps({"object_kind": "push", "ref": ref}).encode()
    stamp = {"webhook-id": "7a1c", "webhook-timestamp": "1790000000"}
    key = _bytes_behind(secret.removeprefix("whsec_"))
    signed = b"7a1c.1790000000." + body
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"X-Gitlab-Event": "Push Hook", "webhook-signature": f"v1,{mac}", **stamp}, body


def _bytes_behind(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text.encode()


def gitea(secret: str, ref: str) -> Signed:
    body = json.dumps({"ref": ref, "commits": []}).encode()
    return {
        "X-Gitea-Event": "push",
        "X-GitHub-Event": "push",
        "X-Gitea-Signature": digest(secret, body),
    }, body


def forgejo(secret: str, ref: str) -> Signed:
    body = json.dumps({"ref": ref, "commits": []}).encode()
    return {
        "X-Forgejo-Event": "push",
        "X-Gitea-Event": "push",
        "X-Forgejo-Signature": digest(secret, body),
    }, body


def bitbucket_cloud(secret: str, ref: str) -> Signed:
    name = ref.rpartition("/")[2]
    change = {"new": {"type": "branch", "name": name}, "old": None}
    body = json.dumps({"push": {"changes": [change]}}).encode()
    return {"X-Event-Key": "repo:push", "X-Hub-Signature": f"sha256={digest(secret, body)}"}, body


def bitbucket_data_center(secret: str, ref: str) -> Signed:
    body = json.dumps({"changes": [{"ref": {"id": ref, "type": "BRANCH"}}]}).encode()
    return {
        "X-Event-Key": "repo:refs_changed",
        "X-Hub-Signature": f"sha256={digest(secret, body)}",
    }, body


def bearer(secret: str, ref: str) -> Signed:
    return {"Authorization": f"Bearer {secret}"}, json.dumps({"ref": ref}).encode()


def signed_script(secret: str, ref: str) -> Signed:
    body = json.dumps({"ref": ref}).encode()
    return {"X-Plumbline-Signature": f"sha256={digest(secret, body)}"}, body


SENDERS = [
    github,
    gitlab,
    gitlab_signed,
    gitea,
    forgejo,
    bitbucket_cloud,
    bitbucket_data_center,
    bearer,
    signed_script,
]


def post(client: Client, source: Source, signed: Signed) -> tuple[int, str]:
    headers, body = signed
    response = client.post(
        f"/hooks/{source.hook_id}/", body, content_type="application/json", headers=headers
    )
    return response.status_code, response.json()["message"]


@pytest.mark.parametrize("sender", SENDERS)
def test_a_push_queues_a_sync(client: Client, source: Source, secret: str, sender: Sender) -> None:
    status, message = post(client, source, sender(secret, "refs/heads/main"))
    assert (status, message) == (202, "A sync is queued.")
    job = source.jobs.get()
    assert (job.state, job.reason) == (Job.State.QUEUED, Job.Reason.PUSH)
    source.refresh_from_db()
    assert source.pushed_at is not None


def test_a_wrong_signature_is_not_made_good_by_a_right_token(
    client: Client, source: Source, secret: str
) -> None:
    headers, body = gitlab_signed("whsec_AAAA", "refs/heads/main")
    signed = ({**headers, "X-Gitlab-Token": secret}, body)
    assert post(client, source, signed)[0] == 403


def test_a_form_with_the_json_in_it_is_read(client: Client, source: Source, secret: str) -> None:
    body = urlencode({"payload": json.dumps({"ref": "refs/heads/main"})}).encode()
    headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest(secret, body)}"}
    response = client.post(
        f"/hooks/{source.hook_id}/",
        body,
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )
    assert response.status_code == 202


@pytest.mark.parametrize("sender", SENDERS)
def test_a_push_to_another_branch_does_nothing(
    client: Client, source: Source, secret: str, sender: Sender
) -> None:
    status, _ = post(client, source, sender(secret, "refs/heads/other"))
    assert status == 200
    assert not source.jobs.exists()


@pytest.mark.parametrize("sender", SENDERS)
def test_a_notice_with_another_secret_is_refused(
    client: Client, source: Source, secret: str, sender: Sender
) -> None:
    for wrong in ("another secret", "", secret[:-1], secret + "x"):
        status, message = post(client, source, sender(wrong, "refs/heads/main"))
        assert status == 403
        assert secret not in message
    assert not source.jobs.exists()


@pytest.mark.parametrize("sender", SENDERS)
def test_a_changed_body_is_refused_where_the_body_is_signed(
    client: Client, source: Source, secret: str, sender: Sender
) -> None:
    headers, body = sender(secret, "refs/heads/main")
    status, _ = post(client, source, (headers, body + b" "))
    assert status == (202 if sender in (gitlab, bearer) else 403)


@pytest.mark.parametrize("sender", SENDERS)
def test_without_a_secret_every_notice_is_refused(
    client: Client, source: Source, sender: Sender
) -> None:
    assert post(client, source, sender("", "refs/heads/main"))[0] == 403


def test_an_unknown_address_answers_like_a_wrong_signature(
    client: Client, source: Source, secret: str
) -> None:
    known = post(client, source, github("wrong", "refs/heads/main"))
    source.hook_id = uuid4()
    assert post(client, source, github("wrong", "refs/heads/main")) == known


@pytest.mark.parametrize("event", ["ping", "issues", "star"])
def test_other_events_are_heard_and_do_nothing(
    client: Client, source: Source, secret: str, event: str
) -> None:
    body = b'{"zen": "Keep it logically awesome."}'
    headers = {"X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={digest(secret, body)}"}
    assert post(client, source, (headers, body))[0] == 200
    assert not source.jobs.exists()


def test_patterns_are_followed(client: Client, source: Source, secret: str) -> None:
    source.ref_names = ["release/*", "v*"]
    source.save()
    assert post(client, source, github(secret, "refs/heads/release/2"))[0] == 202
    assert post(client, source, github(secret, "refs/tags/v2.3"))[0] == 202
    assert post(client, source, github(secret, "refs/heads/main"))[0] == 200


@pytest.mark.parametrize(
    "body",
    [b"{", b"[1, 2]", b'"text"', b"null", b"[" * 100_000, b'{"ref": {"a": 1}}', b"\xff\xfe", b""],
)
def test_no_body_makes_an_error_of_ours(
    client: Client, source: Source, secret: str, body: bytes
) -> None:
    headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest(secret, body)}"}
    assert post(client, source, (headers, body))[0] in {200, 202, 400}
    for odd in (b'{"push": {"changes": "x"}}', b'{"changes": [null, 1, {"ref": []}]}'):
        signed = {
            "X-Event-Key": "repo:push",
            "X-Hub-Signature": f"sha256={digest(secret, odd)}",
        }
        assert post(client, source, (signed, odd))[0] in {200, 202}


def test_a_huge_body_is_refused_before_it_is_looked_at(
    client: Client, source: Source, secret: str
) -> None:
    headers, _ = bearer(secret, "refs/heads/main")
    assert post(client, source, (headers, b"x" * (5 * 1024 * 1024 + 1)))[0] == 413


def test_reading_the_address_in_a_browser_is_no_notice(client: Client, source: Source) -> None:
    assert client.get(f"/hooks/{source.hook_id}/").status_code == 405


def test_a_hundred_pushes_make_one_job(client: Client, source: Source, secret: str) -> None:
    first = None
    for _ in range(100):
        assert post(client, source, github(secret, "refs/heads/main"))[0] == 202
        source.refresh_from_db()
        first = first or source.pushed_at
    assert source.jobs.count() == 1
    assert source.pushed_at == first  # the lag counts from the oldest


def test_a_push_during_a_sync_has_a_job_of_its_own(
    client: Client, source: Source, secret: str
) -> None:
    jobs.claim(jobs.enqueue(source).pk)
    post(client, source, github(secret, "refs/heads/main"))
    assert sorted(source.jobs.values_list("state", flat=True)) == ["queued", "running"]


def test_a_paused_source_notes_the_push_and_waits(
    client: Client, source: Source, secret: str
) -> None:
    pause(source)
    assert post(client, source, github(secret, "refs/heads/main"))[0] == 202
    assert not source.jobs.exists()
    source.refresh_from_db()
    assert source.pushed_at is not None


def test_the_lag_of_a_push_is_written_down(
    client: Client, source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    repository = repository_factory({"a.py": "a = 1\n"})
    source = source_factory("fresh", repository=repository)
    secret = renew_hook_secret(source)
    repository.commit({"b.py": "b = 2\n"})
    assert post(client, source, github(secret, "refs/heads/main"))[0] == 202
    sync_now(source)
    newest = Revision.objects.filter(ref__source=source).first()
    assert newest is not None
    assert 0 < (newest.seconds_fresh or 0) < 60
    source.refresh_from_db()
    assert source.pushed_at is None
    assert source.checked_at is not None
    assert (timezone.now() - source.checked_at).total_seconds() < 60


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broker", ["dead", "half-open"])
def test_a_broker_that_does_not_answer_loses_no_push(client: Client, broker: str) -> None:
    source = connect("https://git.example.com/shop.git", name="shop")
    secret = renew_hook_secret(source)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if broker == "dead":
            listener.close()
        with sending_to(app, f"redis://127.0.0.1:{port}/0"):
            started = time.monotonic()
            assert post(client, source, github(secret, "refs/heads/main"))[0] == 202
            assert time.monotonic() - started < 6
    Job.objects.update(published_at=None)
    assert list(jobs.waiting()) == [source.jobs.get()]


def test_the_secret_is_shown_once_and_stored_sealed(
    client: Client, source: Source, staff: User
) -> None:
    client.force_login(staff)
    response = client.post(f"/sources/{source.name}/hook/")
    source.refresh_from_db()
    secret = hook_secret_of(source)
    assert secret
    assert secret in response.content.decode()
    assert response["Cache-Control"] == "private, no-store"
    assert secret.encode() not in bytes(source.hook_secret or b"")
    page = client.get(f"/sources/{source.name}/").content.decode()
    assert secret not in page
    assert str(source.hook_id) in page


def test_only_admins_renew_it(
    client: Client, source: Source, owner: User, reader: User, outsider: User
) -> None:
    for person in (owner, reader, outsider):
        client.force_login(person)
        for deed in ("hook", "pause", "resume", "reindex"):
            assert client.post(f"/sources/{source.name}/{deed}/").status_code == 404
    source.refresh_from_db()
    assert not source.hook_secret
    assert not source.is_paused
