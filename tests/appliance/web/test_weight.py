"""What pages load: everything from here, and never more than 150 KB of script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from appliance.accounts.models import Role, RoleGrant, User
from appliance.conversations.models import Message
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, message_factory  # noqa: F401
from tests.appliance.web.routes import routes
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

MOST_BYTES = 150 * 1024
LOADED = re.compile(
    r"<(?:script|link|img|source|iframe|object|embed)\b[^>]*?\b(?:src|href|data)=\"([^\"]*)\""
)
STYLES = Path("appliance/web/static")


def loads(html: str) -> list[str]:
    return LOADED.findall(html)


def script_bytes(addresses: list[str]) -> int:
    found = [finders.find(one.removeprefix("/static/")) for one in addresses if ".js" in one]
    return sum(Path(str(path)).stat().st_size for path in found)


def test_no_page_is_heavy_or_loads_from_elsewhere(
    staff: User,
    owner: User,
    source_factory: SourceFactory,
    message_factory: MessageFactory,  # noqa: F811
) -> None:
    shop: Source = source_factory("shop", {"cart.py": "x = 1\n"})
    RoleGrant.objects.create(role=Role.SOURCE_ADMIN, user=staff, source=shop)
    answer: Message = message_factory(owner, "It adds.")
    weights: dict[str, int] = {}
    for person, paths in (
        (staff, [route.path for route in routes()]),
        (owner, ["/", f"/threads/{answer.thread_id}/", "/search/?q=x", "/files/shop/main/cart.py"]),
        (None, ["/accounts/login/", "/nowhere/"]),
    ):
        client = Client()
        if person:
            client.force_login(person)
        for path in paths:
            if "logout" in path:
                continue
            page = client.get(path)
            if getattr(page, "streaming", False) or "html" not in page.headers["Content-Type"]:
                continue
            addresses = loads(page.content.decode())
            assert all(one.startswith("/") and not one.startswith("//") for one in addresses), path
            weights[path] = script_bytes(addresses)
    assert len(weights) > 40
    assert weights[f"/threads/{answer.thread_id}/"] > 60_000  # it was measured at all
    assert {path: size for path, size in weights.items() if size > MOST_BYTES} == {}


def test_no_style_sheet_loads_from_elsewhere() -> None:
    for sheet in STYLES.rglob("*.css"):
        text = sheet.read_text("utf-8")
        assert "@import" not in text, sheet
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//", text), sheet
