"""A tool reads behind the second wall too: as the runtime role, with its token's scope and no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mcp.server.mcpserver.exceptions import ToolError
from pytest_django import Settings

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import find_token
from appliance.sources.access import get_document
from appliance.sources.commits import history_of
from appliance.sources.granting import set_grant
from appliance.web.mcp.calling import Access, Caller, within
from indexer.models import Blob, Commit, Source
from tests.appliance.access.walled import as_runtime_role
from tests.appliance.web.mcp.conftest import token_of
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def narrowed(source_factory: SourceFactory, reader: User) -> Caller:
    source_factory("open", {"a.py": "def shown():\n    return 1\n"})
    closed = source_factory("closed", {"b.py": "def hidden():\n    return 2\n"})
    set_grant("readers", closed)
    only = Source.objects.filter(name="open")
    token = find_token(token_of(reader, sources=list(only)))
    return Caller(token.pk, "10.0.0.1", "http://here")


@pytest.fixture
def as_role(narrowed: Caller, settings: Settings) -> Iterator[None]:
    with as_runtime_role(settings):
        yield


def test_the_database_shows_a_tool_its_tokens_sources_alone(
    narrowed: Caller, as_role: None
) -> None:
    def work(access: Access) -> tuple[str, int, set[str], set[str]]:
        text = get_document(access.scope, "open", "main", "a.py").text
        commits = history_of(access.scope, "open", "a.py", limit=5, offset=0).commits
        # Asked without the first wall: the second stands alone.
        blobs = set(Blob.objects.values_list("text", flat=True))
        sources = set(Commit.objects.values_list("source__name", flat=True))
        return text, len(commits), blobs, sources

    text, commits, blobs, sources = within(narrowed, TokenRight.READ, work)
    assert (text.splitlines()[0], commits) == ("def shown():", 1)
    assert blobs == {text}
    assert sources == {"open"}
    assert not Blob.objects.exists()  # nothing of the scope is left behind


def test_a_tool_of_another_right_reads_nothing(narrowed: Caller, as_role: None) -> None:
    reads = Caller(0, "10.0.0.1", "http://here")
    with pytest.raises(ToolError, match="opens nothing any more"):
        within(reads, TokenRight.READ, lambda _: Blob.objects.count())
