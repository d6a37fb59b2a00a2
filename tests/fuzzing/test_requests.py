"""What programs send without an account, or with a token, however odd: refused in words, never a fault.

The test client raises what no view caught, so each request here stands for an answer below 500.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.sources.hooks.host import signature
from appliance.sources.managing import connect, renew_hook_secret
from tests.appliance.accounts.scim.client import Provider, make_provider

pytestmark = [pytest.mark.services, pytest.mark.django_db]
NAMES = (
    "userName", "active", "emails", "name", "Operations", "op", "path", "value", "members", "externalId",
    "displayName", "id", "ref", "push", "changes", "client", "device_code", "new",
)  # fmt: skip
TEXT = st.sampled_from(
    ["ada", "add", "replace", "members", "\0", "\ud800", "a" * 5000, "refs/heads/m"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXT
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5)
FEW = settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def provider(db: None) -> Provider:
    return make_provider()


@FEW
@given(body=BODIES, verb=st.sampled_from(["POST", "PUT", "PATCH"]), wanted=st.text(max_size=30))
def test_a_directory_may_send_anything(
    provider: Provider, body: dict[str, Any], verb: str, wanted: str
) -> None:
    kind = "Groups" if "members" in body else "Users"
    answer = provider.send(verb, kind if verb == "POST" else f"{kind}/1", json.dumps(body))
    assert answer.status < 500
    assert provider.get(kind, filter=f'userName eq "{wanted}"').status < 500


@FEW
@given(body=BODIES)
def test_a_program_that_asks_to_be_let_in_may_send_anything(
    db: None, client: Client, body: dict[str, Any]
) -> None:
    for address in ("/api/v1/device", "/api/v1/device/token"):
        assert client.post(address, json.dumps(body), "application/json").status_code < 500
        form = {name: str(value).encode("utf-8", "replace") for name, value in body.items()}
        assert client.post(address, form).status_code < 500


@FEW
@given(body=BODIES | VALUES, event=st.sampled_from(["push", "create", "ping", "\u00e9"]))
def test_a_host_may_send_anything_that_is_signed(
    hooked: tuple[str, str], client: Client, body: Any, event: str
) -> None:
    address, secret = hooked
    content = json.dumps(body).encode()
    headers = {"X-GitHub-Event": event}
    headers["X-Hub-Signature-256"] = f"sha256={signature(content, secret)}"
    answer = client.post(address, content, content_type="application/json", headers=headers)
    assert answer.status_code < 500


@pytest.fixture
def hooked(db: None) -> tuple[str, str]:
    """Return the address for notices of a source, and its secret."""
    source = connect("https://git.example.com/shop.git", name="shop")
    return f"/hooks/{source.hook_id}/", renew_hook_secret(source)
