"""The model servers on the status page: figures for admins, a word for everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations import chatservers
from appliance.web.model_checks import check_chat_model
from indexer import clients
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.gateways import METRICS_TOKEN, TOKEN, gateway_for
from tests.modelserver import free_port

pytestmark = [pytest.mark.services, pytest.mark.django_db]

ABOUT = {"name": "chat-34b", "manifest_sha256": "ab12" * 16}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatservers, "FRESH_S", -1)


def page(client: Client, person: User) -> str:
    client.force_login(person)
    return client.get("/status/").content.decode()


def row_of(name: str, shown: str) -> str:
    """Return a check's row of an admin's table, or of everybody's list."""
    if (cell := f'<th scope="row">{name}</th>') in shown:
        return shown.split(cell, 1)[1].split("</tr>", 1)[0]
    return shown.split(f"<span>{name}</span>", 1)[1].split("</li>", 1)[0]


def test_an_admin_sees_each_server(
    client: Client, models: FakeServer, settings: Settings, staff: User
) -> None:
    models.model.script = Script(running=3, waiting=1, cache_use=0.42)
    down = f"http://127.0.0.1:{free_port()}"
    settings.CHAT_URL = f"{models.url},{down}"
    clients.close()
    shown = page(client, staff)
    assert "3 being written, 1 waiting" in shown
    assert "42 %" in shown
    assert down in shown
    assert "of 2 servers 1 down" in shown


@pytest.mark.parametrize(
    ("script", "word"), [(Script(), "Working"), (Script(cache_use=0.99), "Slow")]
)
def test_others_hear_how_answers_come_and_no_more(
    client: Client, models: FakeServer, reader: User, outsider: User, script: Script, word: str
) -> None:
    models.model.script = replace(script, window_tokens=4099)
    for person in (reader, outsider):
        shown = page(client, person)
        assert models.url not in shown
        assert "4099" not in shown
        assert "Model servers" not in shown
        row = row_of("Chat model", shown)
        assert word in row


def test_a_model_that_is_gone_is_down(client: Client, settings: Settings, reader: User) -> None:
    settings.CHAT_URL = f"http://127.0.0.1:{free_port()}"
    clients.close()
    row = row_of("Chat model", page(client, reader))
    assert "Down" in row


def test_of_a_gateway_the_verified_manifest_is_shown(
    client: Client, models: FakeServer, settings: Settings, staff: User
) -> None:
    settings.MODEL_API_KEY, settings.MODEL_METRICS_TOKEN = TOKEN, METRICS_TOKEN
    with gateway_for(models.url, about=ABOUT) as url:
        settings.CHAT_URL = url
        clients.close()
        shown = page(client, staff)
        assert "chat-34b, verified" in shown
        assert ABOUT["manifest_sha256"][:12] in shown
        settings.MODEL_METRICS_TOKEN = "x" * 40
        clients.close()
        # Without the right token for metrics the server works all the same.
        assert check_chat_model().state == "ok"
    clients.close()


def test_an_address_that_cannot_be_used_breaks_no_page(
    client: Client, settings: Settings, staff: User
) -> None:
    settings.CHAT_URL = "gpu:8000"
    clients.close()
    assert "must start with http" in page(client, staff)
    clients.close()
