"""A page works out once what its reader may read; whatever lasts longer asks anew."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from appliance.accounts.models import User
from appliance.conversations.models import Thread
from appliance.sources.access import scope_of
from appliance.sources.models import Grant
from appliance.sources.moments import at_one_moment
from indexer.models import Source
from indexer.scope import Scope


@pytest.fixture
def granted(owner: User, db: None) -> Grant:
    source = Source.objects.create(name="shop", kind=Source.Kind.PATH, location="/srv/shop")
    return Grant.objects.create(user=owner, source=source)


def looks_at_grants(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return sum('FROM "sources_grant"' in query["sql"] for query in queries)


def test_a_page_of_asking_looks_once(client: Client, owner: User, granted: Grant) -> None:
    thread = Thread.objects.create(owner=owner, title="Why?")
    client.force_login(owner)
    assert looks_at_grants(client, "/") == 1
    assert looks_at_grants(client, f"/threads/{thread.pk}/") == 1


def test_the_next_page_looks_anew(client: Client, owner: User, granted: Grant) -> None:
    client.force_login(owner)
    assert "shop" in client.get("/").content.decode()
    granted.delete()
    assert "shop" not in client.get("/").content.decode()


def seen_by(owner: User, granted: Grant, method: str) -> list[Scope]:
    """Return what a view finds before and after access is taken away in the middle of it."""
    seen: list[Scope] = []

    @at_one_moment
    def view(request: HttpRequest) -> HttpResponse:
        seen.append(scope_of(owner))
        Grant.objects.all().delete()
        seen.append(scope_of(owner))
        return HttpResponse()

    view(RequestFactory().generic(method, "/"))
    return seen


def test_only_what_shows_is_of_one_moment(owner: User, granted: Grant) -> None:
    before, after = seen_by(owner, granted, "GET")
    assert before == after == Scope(frozenset({granted.source_id}))


def test_what_changes_something_looks_every_time(owner: User, granted: Grant) -> None:
    before, after = seen_by(owner, granted, "POST")
    assert (len(before.source_ids), len(after.source_ids)) == (1, 0)


def test_nothing_is_kept_after_a_page_even_when_it_failed(owner: User, granted: Grant) -> None:
    @at_one_moment
    def failing(request: HttpRequest) -> HttpResponse:
        assert scope_of(owner).source_ids
        raise LookupError

    with pytest.raises(LookupError):
        failing(RequestFactory().get("/"))
    Grant.objects.all().delete()
    assert not scope_of(owner).source_ids


def test_what_one_person_reads_is_not_another_s(
    owner: User, outsider: User, granted: Grant
) -> None:
    @at_one_moment
    def both(request: HttpRequest) -> HttpResponse:
        assert scope_of(owner).source_ids
        assert not scope_of(outsider).source_ids
        return HttpResponse()

    both(RequestFactory().get("/"))


def test_a_stream_looks_anew_though_its_page_was_of_one_moment(owner: User, granted: Grant) -> None:
    """Its body is made when its view has long returned."""

    @at_one_moment
    def view(request: HttpRequest) -> HttpResponseBase:
        assert scope_of(owner).source_ids
        return StreamingHttpResponse(str(len(scope_of(owner).source_ids)) for _ in range(2))

    response = view(RequestFactory().get("/"))
    assert isinstance(response, StreamingHttpResponse)
    body = iter(response)
    assert next(body) == b"1"
    Grant.objects.all().delete()
    assert next(body) == b"0"
