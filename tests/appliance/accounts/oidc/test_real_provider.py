"""What npm's oidc-provider does when somebody leaves, loses a group, or signs out there."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client

from appliance.accounts.directories.secrets import put_secret
from appliance.accounts.models import Directory, User
from appliance.accounts.oidc.renewing import Look, ask_again
from appliance.accounts.oidc.testing import test_connection as steps_of
from tests.identity.servers import is_person, oidc_idp

pytestmark = [pytest.mark.services, pytest.mark.django_db]

CALLBACK = "http://testserver/accounts/oidc/acme/callback/"
SECRET = "a-secret-of-the-tests"


@contextmanager
def hearing() -> Iterator[tuple[str, Queue[str]]]:
    """Listen where the provider posts its logout tokens."""
    heard: Queue[str] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.put(parse_qs(body)["logout_token"][0])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def made(issuer: str, secret: str = SECRET) -> Directory:
    directory = Directory(name="Acme", slug="acme", kind="oidc", is_enabled=True)
    directory.settings = {
        **{"issuer": issuer, "client_id": "plumbline", "renews": True},
        **{"user_name_attribute": "preferred_username", "groups_attribute": "groups"},
        "groups_as_named": True,
    }
    put_secret(directory, secret)
    directory.save()
    return directory


def sign_in(client: Client, browser: httpx.Client) -> None:
    """Go with one browser through the provider's pages and back to ours."""
    away = client.get("/accounts/oidc/acme/login/")["Location"]
    answer = browser.get(away, follow_redirects=True)
    back = browser.post(str(answer.url))
    while not back.headers["Location"].startswith(CALLBACK):
        back = browser.get(back.headers["Location"])
    query = urlsplit(back.headers["Location"]).query
    assert client.get(f"/accounts/oidc/acme/callback/?{query}").status_code == 302


def test_who_leaves_or_loses_a_group_is_found_out_and_who_signs_out_is_signed_out(
    client: Client,
) -> None:
    with (
        hearing() as (logout, heard),
        oidc_idp(CALLBACK, logout) as idp,
        httpx.Client(base_url=idp) as browser,
    ):
        directory = made(idp)
        is_person(idp, "subject-1", preferred_username="ana", groups=["dev", "ops"])
        sign_in(client, browser)
        ana = User.objects.get(username="ana")
        assert ask_again(directory) == Look(renewed=1)
        assert ana.groups.count() == 2

        is_person(idp, "subject-1", preferred_username="ana", groups=["ops"])
        assert ask_again(directory) == Look(renewed=1)
        assert [group.name for group in ana.groups.all()] == ["ops"]

        page = browser.get("/session/end").text
        number = re.search(r'name="xsrf" value="(\w+)"', page)
        assert number is not None
        browser.post("/session/end/confirm", data={"xsrf": number[1], "logout": "yes"})
        assert client.get("/").status_code == 200
        token = heard.get(timeout=120)
        told = Client().post("/accounts/oidc/acme/logout/", {"logout_token": token})
        assert told.status_code == 200
        assert client.get("/").status_code == 302

        sign_in(client, browser)
        assert client.get("/").status_code == 200
        is_person(idp, "subject-1", left=True)
        assert ask_again(directory) == Look(lapsed=1)
        assert client.get("/").status_code == 302


@pytest.mark.parametrize(("secret", "state"), [(SECRET, "ok"), ("x", "failed")])
def test_the_test_of_the_connection_knows_a_wrong_secret(secret: str, state: str) -> None:
    with oidc_idp(CALLBACK) as idp:
        steps = {step.name: step for step in steps_of(made(idp, secret))}
    shown = steps["Show the client ID and secret to the provider"]
    assert shown.state == state, shown.says
    others = [step.name for step in steps.values() if step.state == "failed" and step != shown]
    assert others == ["Look whether it renews sign-ins"]  # offline_access is not asked for here
