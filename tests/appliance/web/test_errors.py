"""What people see when something is not there, not allowed or broken: a page of the product."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils.html import escape

from appliance.accounts.models import User

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def broken(error: Exception) -> object:
    def view(*args: object, **kwargs: object) -> None:
        raise error

    return view


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OperationalError("no connection to db.internal"), 503, "The database does not answer"),
        (RuntimeError("a secret"), 500, "Something went wrong"),
    ],
)
def test_g12_what_broke_is_said_and_what_to_do(
    error: Exception, status: int, words: str, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A view stands for the database: nothing else can take it away from a test that needs it.
    monkeypatch.setattr("appliance.sources.views.searching.sources_in", broken(error))
    client = Client(raise_request_exception=False)
    client.force_login(reader)
    client.cookies["theme"] = "dark"
    answer = client.get("/search/?q=x")
    page = answer.content.decode()
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("30" if status == 503 else None)
    assert words in page
    assert "tell an administrator" in page
    assert 'data-theme="dark"' in page
    assert str(error) not in page


def test_an_expired_form_and_a_page_that_is_not_there(reader: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(reader)
    assert "The form has expired" in client.post("/theme/", {"theme": "dark"}).content.decode()
    absent = client.get("/nowhere/")
    assert (absent.status_code, "Page not found" in absent.content.decode()) == (404, True)


def test_density_is_remembered_and_nothing_else_is(reader: User) -> None:
    client = Client()
    client.force_login(reader)
    client.post("/theme/", {"density": "compact", "next": "/"})
    assert 'data-density="compact"' in client.get("/").content.decode()
    for other in ("comfortable", '"><script>', ""):
        client.post("/theme/", {"density": other, "next": "/"})
        assert "data-density=" not in client.get("/").content.decode().split(">")[1]
        client.post("/theme/", {"density": "compact"})


def test_an_address_without_a_page_shows_one_to_people_alone(reader: User) -> None:
    client = Client()
    client.force_login(reader)
    shown = client.get("/theme/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (shown.status_code, shown["Allow"]) == (405, "POST")
    assert shown["Content-Length"] == str(len(shown.content))
    page = shown.content.decode()
    assert "There is no page here" in page
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    assert client.get("/theme/", headers={"Accept": "*/*"}).content == b""
    by_script = client.get("/theme/", headers={"Accept": "text/html", "HX-Request": "true"})
    assert by_script.content == b""


def test_a_refused_export_is_told_on_a_page(reader: User) -> None:
    client = Client()
    client.force_login(reader)
    path = "/search/code/export.csv?q=/(/"
    sentence = client.get(path).content.decode()
    shown = client.get(path, headers={"Accept": "text/html"})
    assert (shown.status_code, shown["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "This was not done" in shown.content.decode()
    assert escape(sentence) in shown.content.decode()


def test_too_many_tries_are_told_in_our_frame(reader: User) -> None:
    client = Client()
    client.force_login(reader)
    wrong = {"oldpassword": "wrong", "password1": "x", "password2": "x"}
    tried = [client.post("/accounts/password/change/", wrong) for _ in range(7)]
    refused = next(one for one in tried if one.status_code == 429)
    assert "Too many tries" in refused.content.decode()
    assert "Wait a minute" in refused.content.decode()
