"""The list of administration: beside each of its pages, for admins alone, and true to its addresses."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject

from appliance.accounts.models import Role, RoleGrant, User
from appliance.web.templatetags.administration import PARTS
from tests.appliance.web.routes import routes

pytestmark = [pytest.mark.services, pytest.mark.django_db]

PLACES = [place for part in PARTS for place in part.places]


def test_every_entry_leads_to_a_page_that_marks_it(client: Client, staff: User) -> None:
    client.force_login(staff)
    for place in PLACES:
        page = client.get(reverse(place.name))
        assert page.status_code == 200, place.name
        assert page.context["admin_menu"].here == place


def test_pages_below_an_entry_are_there_and_of_one_entry_alone() -> None:
    known = {route.name for route in routes()}
    below = [name for place in PLACES for name in (place.name, *place.below)]
    assert set(below) <= known
    assert len(below) == len(set(below))


def test_a_page_below_keeps_the_list(client: Client, staff: User, reader: User) -> None:
    client.force_login(staff)
    group = Group.objects.create(name="readers of maps")
    for path in (f"/people/{reader.pk}/", f"/groups/{group.pk}/", "/audit/lines/"):
        assert b'class="manage-nav"' in client.get(path).content, path


def test_who_is_no_admin_sees_no_list(client: Client, reader: User) -> None:
    RoleGrant.objects.create(role=Role.CURATOR, user=reader)
    RoleGrant.objects.create(role=Role.AUDITOR, user=reader)
    client.force_login(reader)
    for name in ("curation", "evaluation", "audit"):
        page = client.get(reverse(name))
        assert page.status_code == 200, name
        assert b"manage-nav" not in page.content, name


def test_other_pages_have_no_list(client: Client, staff: User) -> None:
    client.force_login(staff)
    for name in ("ask", "sources", "status", "tokens"):
        assert b"manage-nav" not in client.get(reverse(name)).content, name


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500", "503"])
def test_pages_of_errors_ask_the_database_nothing(rf: RequestFactory, name: str) -> None:
    """They are drawn in threads whose connections nobody closes, or because it does not answer."""

    def ask() -> frozenset[str]:
        raise AssertionError("the roles were asked for")

    request = rf.get("/people/1/")
    request.resolver_match = resolve("/people/1/")
    drawn = render_to_string(f"{name}.html", {"request": request, "roles": SimpleLazyObject(ask)})
    assert '<main id="main"' in drawn
    assert "manage-nav" not in drawn
