"""Numbers of rows as anybody may write them."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import Directory, User
from appliance.common.numbers import row_number
from tests.appliance.accounts.signing import sign_in

ODD = ["", "-1", "1.0", "1e3", "\0", "²", "⑧", "0x10", " 1", "9" * 19, "9" * 5000, "\ud800"]


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_number_is_that_of_no_row(odd: str) -> None:
    assert row_number(odd) == 0


def test_a_number_is_itself() -> None:
    assert [row_number(text) for text in ("0", "7", "007", "9" * 18)] == [0, 7, 7, 10**18 - 1]


@pytest.mark.services
@pytest.mark.django_db
@pytest.mark.parametrize("odd", ["²", "9" * 5000])
def test_pages_take_it_for_nothing_that_is_there(client: Client, staff: User, odd: str) -> None:
    Directory.objects.create(name="Acme", slug="acme", kind="oidc", settings={})
    sign_in(client, staff)
    preview = client.post("/directory/acme/preview/", {"identity": odd, "attributes": "{}"})
    assert preview.status_code in (200, 400)
    assert client.post("/directories/rules/", {"person": odd}).status_code == 404
    assert client.post("/notifications/read/", {"notification": odd}).status_code == 302
