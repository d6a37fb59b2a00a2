"""The page of adapters: for admins alone, and it holds them to what the manifests tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations.adapters.choosing import forget_served
from appliance.conversations.models import ModelAdapter
from indexer import clients
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Script
from tests.appliance.accounts.signing import sign_in
from tests.conftest import SourceFactory
from tests.gateways import TOKEN, gateway_for

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

STYLE = "shop-style"
PAGE = "/manage/adapters/"


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", {"a.py": "x = 1\n"})


@pytest.fixture
def behind_gateway(
    shop: Source, models_factory: Callable[[Script], FakeServer], settings: Settings
) -> Iterator[None]:
    """A server with an adapter, behind a gateway that tells what it learned from."""
    server = models_factory(Script(adapters=(STYLE,)))
    about = {"adapters": [{"name": STYLE, "learned_from": ["shop", "gone"]}]}
    with gateway_for(server.url, about=about) as url:
        settings.CHAT_URL, settings.MODEL_API_KEY = url, TOKEN
        clients.close()
        yield
    clients.close()
    forget_served()


def send(client: Client, **fields: object) -> Any:
    group, _ = Group.objects.get_or_create(name="readers")
    return client.post(reverse("adapter_set"), {"name": STYLE, "groups": [group.pk], **fields})


def test_nobody_else_sees_or_sets_anything(client: Client, reader: User, shop: Source) -> None:
    client.force_login(reader)
    assert client.get(PAGE).status_code == 404
    assert send(client, sources=[shop.pk]).status_code == 404
    assert not ModelAdapter.objects.exists()


def test_what_is_served_and_whose_it_is_is_shown(
    client: Client, staff: User, shop: Source, models_factory: Callable[[Script], FakeServer]
) -> None:
    models_factory(Script(adapters=(STYLE, "other")))
    sign_in(client, staff)
    assert "Everybody is answered by the model alone" in client.get(PAGE).content.decode()
    send(client, sources=[shop.pk])
    page = client.get(PAGE).content.decode()
    assert 'state-ok">Served' in page
    assert '<span class="mono">other</span>' in page
    adapter = ModelAdapter.objects.get()
    assert (adapter.source_names, adapter.set_by) == (["shop"], staff.get_username())
    send(client)
    assert ModelAdapter.objects.get().source_names == []
    client.post(reverse("adapter_remove", args=[adapter.pk]))
    assert not ModelAdapter.objects.exists()


def test_one_that_is_not_served_is_told(client: Client, staff: User, models: FakeServer) -> None:
    sign_in(client, staff)
    send(client)
    assert "Not served" in client.get(PAGE).content.decode()


@pytest.mark.usefixtures("behind_gateway")
def test_the_sources_of_the_manifest_must_be_among_them(
    client: Client, staff: User, shop: Source
) -> None:
    sign_in(client, staff)
    answer = send(client, sources=[shop.pk])
    assert answer.status_code == 400
    assert "learned from gone too" in answer.content.decode()
    assert not ModelAdapter.objects.exists()


NONSENSE: list[dict[str, object]] = [
    {"name": "../x"}, {"name": "A"}, {"name": "x" * 65}, {"name": ""}, {"name": "a\x00"},
    {"groups": []}, {"groups": ["x"]}, {"groups": [999999]}, {"sources": ["x' OR 1=1 --"]},
]  # fmt: skip


def test_what_makes_no_sense_is_refused(client: Client, staff: User, models: FakeServer) -> None:
    sign_in(client, staff)
    for fields in NONSENSE:
        assert send(client, **fields).status_code == 400, fields
    assert not ModelAdapter.objects.exists()


def test_it_wants_a_fresh_sign_in(client: Client, staff: User, models: FakeServer) -> None:
    sign_in(client, staff, freshly=False)
    assert send(client)["Location"].startswith("/accounts/reauthenticate/")
    assert not ModelAdapter.objects.exists()
