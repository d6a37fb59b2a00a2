"""The page of programs to download: what was built, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User

pytestmark = [pytest.mark.services, pytest.mark.django_db]

WHEEL = "plumbline_cli-0.1.0-py3-none-any.whl"


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.PLUMBLINE_HOME = tmp_path
    made = tmp_path / "clients"
    made.mkdir()
    return made


@pytest.fixture
def reading(client: Client, reader: User) -> Client:
    client.force_login(reader)
    return client


def test_what_was_built_is_listed_with_how_to_install_it(folder: Path, reading: Client) -> None:
    (folder / WHEEL).write_bytes(b"wheel")
    page = reading.get("/clients/").content.decode()
    assert f"uv tool install http://testserver/clients/{WHEEL}" in page
    assert hashlib.sha256(b"wheel").hexdigest() in page
    assert "http://testserver/mcp" in page


def test_where_nothing_was_built_it_says_so(folder: Path, reading: Client) -> None:
    for _ in range(2):
        page = reading.get("/clients/")
        assert b"make clients" in page.content
        assert b"plumbline login" not in page.content
        if folder.exists():
            folder.rmdir()


def test_an_installer_needs_no_session(folder: Path, client: Client) -> None:
    (folder / WHEEL).write_bytes(b"wheel")
    answer = client.get(f"/clients/{WHEEL}")
    assert (answer.status_code, answer.content) == (200, b"wheel")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{WHEEL}"'
    assert client.get("/clients/").status_code == 302


def test_nothing_else_is_given(folder: Path, client: Client, tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("SECRET=1")
    (folder / "notes.txt").write_text("no")
    (folder / "folder.whl").mkdir()
    for name in ("settings.env", "..%2Fsettings.env", "notes.txt", "folder.whl", "%00", "none.whl"):
        assert client.get(f"/clients/{name}").status_code == 404, name
