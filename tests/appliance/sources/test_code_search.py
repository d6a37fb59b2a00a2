"""Code search as people meet it: the command with grep's exit codes, and the page."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.granting import set_grant
from indexer.models import Source
from tests.conftest import SourceFactory

FILES: dict[str, str | bytes | None] = {
    "shop/cart.py": "def total(items):\n    return sum(items) < 3 and items\n",
    "secret/plan.py": "total('<script>')\n",
}
FILE_KEYS = ["source", "path", "commit", "refs", "language", "count", "lines"]
CERTIFICATE_KEYS = [
    "query", "searched_at", "complete", "stopped", "refs", "files_searched", "files_read",
    "narrowed", "seconds",
]  # fmt: skip


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    source = source_factory("shop", FILES)
    set_grant("readers", source, "secret", allow=False)
    return source


def test_lines_go_out_and_the_certificate_beside_them(
    source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("grep", "total(")
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "shop:secret/plan.py:1:total('<script>')",
        "shop:shop/cart.py:1:def total(items):",
    ]
    assert "2 files searched in 1 refs" in err
    assert "Replay: manage.py grep '\"total(\"'" in err


def test_json_has_the_documented_keys(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("grep", r"total\(i", "-E", "--json")
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["files", "certificate"]
    assert list(found["files"][0]) == FILE_KEYS
    assert list(found["certificate"]) == CERTIFICATE_KEYS
    assert found["files"][0]["lines"] == [
        {"line": 1, "text": "def total(items):", "columns": [[5, 12]], "is_cut": False}
    ]


def test_exit_codes_are_those_of_grep(
    source: Source, outsider: User, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as nothing:
        call_command("grep", "nowhere")
    assert nothing.value.code == 1
    with pytest.raises(SystemExit) as not_granted:
        call_command("grep", "total", "--user", "outsider")
    assert not_granted.value.code == 1
    for wrong in (["/(/"], ["total", "--user", "nobody"]):
        with pytest.raises(CommandError) as error:
            call_command("grep", *wrong)
        assert error.value.returncode == 2
    assert "shop" not in capsys.readouterr().out


@pytest.mark.parametrize("person", ["owner", "reader"])
def test_the_page_shows_readers_what_they_may_read(
    person: str, client: Client, source: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    page = client.get("/search/code/", {"q": "total("}).content.decode()
    assert "<mark>total(</mark>items):" in page
    assert "secret" not in page.replace("secrets", "")
    assert "1 file searched" in page
    assert 'href="/symbols/?name=total"' not in page  # "total(" is no name
    assert 'href="/symbols/?name=total"' in client.get("/search/code/?q=total").content.decode()


def test_the_page_escapes_what_it_shows(
    client: Client, source_factory: SourceFactory, reader: User
) -> None:
    source_factory("page", {"a.html": "<script>alert(1)</script> <b>x</b>\n"})
    client.force_login(reader)
    page = client.get("/search/code/", {"q": "alert(1)</script>"}).content.decode()
    assert "&lt;script&gt;<mark>alert(1)&lt;/script&gt;</mark> &lt;b&gt;" in page
    assert "alert(1)</script>" not in page


@pytest.mark.parametrize("person", ["outsider", "staff"])
def test_who_is_granted_nothing_sees_no_name(
    person: str, client: Client, source: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    page = client.get("/search/code/", {"q": "total"}).content.decode()
    assert "Nothing to search yet" in page
    assert "shop" not in page


def test_a_refused_pattern_is_a_sentence(client: Client, source: Source, reader: User) -> None:
    client.force_login(reader)
    response = client.get("/search/code/", {"q": r"/(a)\1/"})
    assert response.status_code == 400
    assert "references back to a group" in response.content.decode()


def test_nobody_searches_without_signing_in(client: Client, source: Source) -> None:
    assert client.get("/search/code/?q=total").status_code == 302
