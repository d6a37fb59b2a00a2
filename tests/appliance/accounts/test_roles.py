"""Roles come from a person or from a group, and end with being active."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from appliance.accounts.models import Role, RoleGrant, User
from appliance.accounts.roles import administered_sources, role_required, roles_of
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@role_required(Role.AUDITOR, Role.ADMIN)
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("shown")


def answer(user: User) -> int:
    request = RequestFactory().get("/")
    request.user = user
    return page(request).status_code


def test_roles_of_a_person_and_of_their_groups(reader: User, staff: User) -> None:
    assert roles_of(reader) == {Role.EMPLOYEE}
    assert roles_of(staff) == {Role.EMPLOYEE, Role.ADMIN}
    RoleGrant.objects.create(role=Role.CURATOR, user=reader)
    RoleGrant.objects.create(role=Role.AUDITOR, group=Group.objects.get(name="readers"))
    assert roles_of(reader) == {Role.EMPLOYEE, Role.CURATOR, Role.AUDITOR}
    reader.is_active = False
    assert roles_of(reader) == frozenset()


def test_a_page_is_not_there_for_who_lacks_the_role(reader: User, staff: User) -> None:
    assert answer(staff) == 200
    with pytest.raises(Http404):
        answer(reader)
    RoleGrant.objects.create(role=Role.AUDITOR, user=reader)
    assert answer(reader) == 200


def test_a_source_admin_manages_their_own(
    reader: User, staff: User, source_factory: SourceFactory
) -> None:
    shop = source_factory("shop", {"cart.py": "x = 1\n"})
    source_factory("pay", {"pay.py": "x = 1\n"})
    RoleGrant.objects.create(role=Role.SOURCE_ADMIN, user=reader, source=shop)
    assert list(administered_sources(reader)) == [shop]
    assert administered_sources(staff).count() == 2


@pytest.mark.parametrize("fields", [{"role": Role.CURATOR}, {"role": Role.SOURCE_ADMIN}])
def test_a_grant_without_a_holder_or_source_is_refused(
    fields: dict[str, Role], reader: User
) -> None:
    holder = {"user": reader} if fields["role"] == Role.SOURCE_ADMIN else {}
    with pytest.raises(IntegrityError):
        RoleGrant.objects.create(**fields, **holder)
