"""A fake host whose word is taken, a source that lies on it, and people on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from django.db.models import QuerySet
from pytest_django import Settings

from appliance.sources.credentials import add
from appliance.sources.hostaccess.managing import switch_on
from appliance.sources.hostaccess.syncing import Report, sync_access
from appliance.sources.models import CodeHost, Grant, HostAccess
from indexer.fetching.values import Credential
from indexer.models import Source
from tests.hostmembers import MembersHost, Project, serve_members
from tests.hostserver import TOKEN


@dataclass
class Taken:
    """A source whose host's permissions are taken."""

    served: MembersHost
    host: CodeHost
    source: Source

    @property
    def project(self) -> Project:
        return self.served.projects["shop/cart"]

    @property
    def access(self) -> HostAccess:
        return HostAccess.objects.select_related("host", "source").get(source=self.source)

    def sync(self, *, go_on: bool = False) -> Report:
        return sync_access(self.access, go_on=go_on)

    def on(self) -> Report:
        switch_on(self.source, self.host)
        return self.sync()

    def rules(self) -> QuerySet[Grant]:
        return Grant.objects.filter(source=self.source).exclude(imported_by=None)

    def readers(self) -> list[str]:
        return sorted(str(grant.holder) for grant in self.rules())


TakenFactory = Callable[..., Taken]


@pytest.fixture
def taken_factory(db: None, settings: Settings) -> Iterator[TakenFactory]:
    """Make one: `taken_factory("gitlab")`, or with `source=` one that holds something."""
    settings.GIT_ALLOW_HTTP = True
    settings.GIT_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with ExitStack() as stack:

        def make(kind: str, source: Source | None = None) -> Taken:
            served = stack.enter_context(serve_members(kind))
            served.projects["shop/cart"] = Project(7)
            source = source or Source(name="cart")
            source.kind = Source.Kind.REMOTE
            source.location = f"{served.server.address}/shop/cart.git"
            source.save()
            host = CodeHost.objects.create(
                kind=kind,
                address=served.server.address,
                credential=add("asker", Credential("git", TOKEN)),
            )
            return Taken(served, host, source)

        yield make


@pytest.fixture
def taken(taken_factory: TakenFactory) -> Taken:
    return taken_factory("gitlab")
