"""The link from a file to its code host: the same commit and lines there, and none that is guessed."""

from __future__ import annotations

import pytest
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.access import get_document_for_user
from appliance.sources.browsing.origin import origin_of
from appliance.sources.models import CodeHost
from indexer.models import SharedCredential, Source
from indexer.spans import Span
from tests.conftest import SourceFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]
SPAN = Span(1, 2)


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", {"src/a b#.py": "def a():\n    return 1\n"})


def moved(source: Source, location: str) -> None:
    """Say that the source comes from elsewhere; what is indexed stays."""
    Source.objects.filter(pk=source.pk).update(kind=Source.Kind.REMOTE, location=location)


def url_of(user: User, marked: Span | None = None) -> str:
    document = get_document_for_user(user, "shop", "main", "src/a b#.py")
    origin = origin_of(document, marked)
    return origin.url.replace(document.commit, "COMMIT") if origin else ""


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://gitlab.example.com/team/sub/shop.git",
         "https://gitlab.example.com/team/sub/shop/-/blob/COMMIT/src/a%20b%23.py#L1-2"),
        ("git@github.com:team/shop.git",
         "https://github.com/team/shop/blob/COMMIT/src/a%20b%23.py#L1-L2"),
        ("ssh://git@ssh.github.com:443/team/shop",
         "https://github.com/team/shop/blob/COMMIT/src/a%20b%23.py#L1-L2"),
        ("https://codeberg.org/team/shop",
         "https://codeberg.org/team/shop/src/commit/COMMIT/src/a%20b%23.py#L1-L2"),
        ("https://gitlab.example.com:8443/team/shop",
         "https://gitlab.example.com:8443/team/shop/-/blob/COMMIT/src/a%20b%23.py#L1-2"),
        ("https://git.example.com/team/shop.git", ""),
        ("https://example.com/gitlab/shop.git", ""),
        ("https://gitlab.example.com/", ""),
    ],
)  # fmt: skip
def test_a_file_has_an_address_on_its_host(
    location: str, url: str, shop: Source, reader: User
) -> None:
    moved(shop, location)
    assert url_of(reader, SPAN) == url
    assert url_of(reader) == url.partition("#")[0]


def test_a_host_that_is_set_up_is_known_by_its_kind(shop: Source, reader: User) -> None:
    credential = SharedCredential.objects.create(name="bot")
    CodeHost.objects.create(
        kind=CodeHost.Kind.GITEA, address="https://git.example.com/forge", credential=credential
    )
    moved(shop, "https://git.example.com/forge/team/shop.git")
    assert url_of(reader, SPAN) == (
        "https://git.example.com/forge/team/shop/src/commit/COMMIT/src/a%20b%23.py#L1-L2"
    )


def test_a_folder_on_this_machine_has_none(shop: Source, reader: User) -> None:
    assert url_of(reader, SPAN) == ""


def test_the_page_shows_it_to_readers_alone(shop: Source, reader: User, outsider: User) -> None:
    moved(shop, "https://gitlab.example.com/team/shop.git")
    for user, status in ((reader, 200), (outsider, 404)):
        client = Client()
        client.force_login(user)
        shown = client.get("/files/shop/main/src/a b#.py".replace("#", "%23"), {"lines": "2"})
        assert shown.status_code == status
        link = b"blob/" in shown.content and b"#L2-2" in shown.content
        assert link is (status == 200)
        assert (b"gitlab.example.com" in shown.content) is (status == 200)
