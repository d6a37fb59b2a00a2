"""Pages around everything: status, the load balancer's question, theme, sign-in, errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from appliance.accounts.models import User
from appliance.web.check import Check
from appliance.web.verdict import summary_of, worst_state
from indexer.models import Job, Source
from tests.conftest import SourceFactory

PACKAGES = Path(__file__).resolve().parents[3] / "appliance"


def test_status_names_sources_to_readers_and_details_to_staff(
    client: Client, source_factory: SourceFactory, reader: User, outsider: User, staff: User
) -> None:
    source_factory("shop", {"a.py": "x = 1\n"})
    for person, source, detail in ((reader, 1, 0), (outsider, 0, 0), (staff, 1, 1)):
        client.force_login(person)
        response = client.get("/status/")
        assert response.status_code == 200
        assert [one.name for one in response.context["sources"]] == ["shop"] * source
        assert response.content.count(b"pgvector") == detail


def test_status_renews_itself_without_the_frame(client: Client, reader: User) -> None:
    client.force_login(reader)
    part = client.get("/status/", headers={"HX-Request": "true"}).content
    assert b"<html" not in part
    assert part.count(b'id="status"') == 1


def test_the_status_of_hundreds_of_sources_begins_with_those_that_need_a_look(
    client: Client, staff: User
) -> None:
    Source.objects.bulk_create(
        Source(name=f"s{number:03}", kind=Source.Kind.REMOTE, location="https://x.test/y")
        for number in range(120)
    )
    broken = Source.objects.get(name="s119")
    Job.objects.create(source=broken, state=Job.State.FAILED, error="gone")
    client.force_login(staff)
    response = client.get("/status/")
    assert [one.name for one in response.context["sources"]][:2] == ["s119", "s000"]
    assert len(response.context["sources"]) == 50
    page = response.content.decode()
    assert "119 not synced yet, 1 failed" in page
    assert "all 120 in the list of sources" in page


@pytest.mark.parametrize(
    ("states", "worst", "words"),
    [
        (["ok", "off"], "ok", "Everything works."),
        (["ok", "warning"], "warning", "a look is due at: 1."),
        (["failed", "warning"], "failed", "Not working: 0."),
    ],
)
def test_the_first_sentence_of_the_status_page_is_its_sum(
    states: list[str], worst: str, words: str
) -> None:
    checks = [Check(str(number), state, "") for number, state in enumerate(states)]  # type: ignore[arg-type]
    assert worst_state(checks) == worst
    assert words in summary_of(checks)


def test_a_load_balancer_needs_no_account(client: Client, db: None) -> None:
    response = client.get("/healthz/")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


def test_a_load_balancer_hears_that_the_database_is_gone(client: Client, db: None) -> None:
    def refuse(*_: object) -> object:
        from django.db import OperationalError

        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        assert client.get("/healthz/").status_code == 503


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_a_chosen_theme_is_remembered(chosen: str, client: Client, db: None) -> None:
    response = client.post("/theme/", {"theme": chosen, "next": "/accounts/login/"})
    assert response["Location"] == "/accounts/login/"
    page = client.get("/accounts/login/").content.decode()
    assert f'data-theme="{chosen}"' in page
    client.post("/theme/", {"theme": "auto"})
    assert "data-theme" not in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_theme_form_leads_nowhere_else(back: str, client: Client, db: None) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": back})["Location"] == "/"


def test_a_forged_theme_cookie_is_no_markup(client: Client, db: None) -> None:
    client.cookies["theme"] = 'x"><script>'
    assert b"data-theme" not in client.get("/accounts/login/").content


@pytest.mark.parametrize(
    "path",
    ["/", "/search/", "/sources/", "/status/", "/files/a/b/c", "/accounts/password/change/"],
)
def test_pages_ask_for_a_sign_in(path: str, client: Client, db: None) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")


def test_signing_in_and_out(client: Client, reader: User) -> None:
    wrong = client.post("/accounts/login/", {"login": "reader", "password": "wrong"})
    assert b'role="alert"' in wrong.content
    right = {"login": "reader", "password": "correct horse battery"}
    assert client.post("/accounts/login/", right)["Location"] == "/"
    client.get("/accounts/logout/")
    assert client.get("/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("path", ["password/reset/", "inactive/"])
def test_pages_that_nobody_needs_say_so_in_our_frame(path: str, client: Client, db: None) -> None:
    response = client.get(f"/accounts/{path}")
    assert response.status_code == 200
    assert b"plumbline/base.css" in response.content


def test_a_form_without_its_token_is_told_so() -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert response.status_code == 403
    assert b"The form has expired" in response.content


def test_every_page_has_a_strict_policy(client: Client, db: None) -> None:
    policy = client.get("/accounts/login/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "template",
    sorted(PACKAGES.rglob("templates/**/*.html")),
    ids=lambda path: path.relative_to(PACKAGES).as_posix(),
)
def test_templates_hold_nothing_that_the_policy_forbids(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on", text)
    assert not re.search(r"<script(?![^>]*\ssrc=\"{% static)", text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
