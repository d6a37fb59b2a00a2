"""A removed source is gone from every place; people's own words stay, and nothing else does."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.conversations.models import Evidence, Message
from appliance.sources.granting import set_grant
from appliance.sources.managing import connect_upload, remove
from appliance.sources.traces.everywhere import everywhere
from appliance.sources.traces.places import Trace
from indexer.ingestion import jobs
from indexer.ingestion.inline import sync_now
from indexer.models import Blob, Chunk, Definition, Document, Embedding, Finding, NamesUsed, Source
from indexer.tasks import prune, sweep
from tests.appliance.conversations.conftest import MessageFactory, lines_of
from tests.conftest import RepositoryFactory, SourceFactory
from tests.services import valkey_url

CANARY = "canary_b71f20"
FILES: dict[str, str | bytes | None] = {
    "shop/cart.py": f"def {CANARY}(cart):\n    return cart  # {CANARY}\n",
    f"docs/{CANARY}.md": f"# {CANARY}\n\nText about it.\n",
    f"{CANARY}.bin": b"\0" + CANARY.encode(),
    "plain.py": "def plain():\n    return 1\n",
}


@pytest.fixture(scope="module")
def broker() -> str:
    return valkey_url()


@pytest.fixture(autouse=True)
def appliance(settings: Settings, tmp_path: Path, broker: str) -> Iterator[None]:
    """A data folder of this test's own, so that everything in it can be searched."""
    home = tmp_path / "home"
    home.mkdir()
    settings.PLUMBLINE_HOME = home
    settings.PLUMBLINE_CACHE = home / "cache"
    settings.UPLOADS_DIR = home / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = str(home)
    settings.CELERY_BROKER_URL = broker
    yield
    settings.MIRRORS_DIR = home / "mirrors"


def left(text: str = CANARY) -> dict[str, str]:
    """Return the places that hold the text, with the reason where it may stay."""
    found = list(everywhere(text.encode()))
    assert all(isinstance(one, Trace) for one in found), found
    return {one.place: one.kept for one in found if isinstance(one, Trace)}


@pytest.fixture
def source(source_factory: SourceFactory, repository_factory: RepositoryFactory) -> Source:
    repository = repository_factory(FILES)
    repository.commit({"later.py": f"{CANARY} = 1\n"}, message=f"Say {CANARY}")
    return source_factory("shop", repository=repository)


def test_nothing_of_a_removed_source_is_left_anywhere(source: Source) -> None:
    before = set(left())
    assert {
        "table indexer_blob, column text",
        "table indexer_chunk, column symbol",
        "table indexer_document, column path",
        "table indexer_skippedfile, column path",
        f"mirror {source.pk}.git, an object",
    } <= before
    remove(source)
    prune()
    sweep()
    assert left() == {}
    for model in (Blob, Chunk, Definition, Document, Embedding, Finding, NamesUsed, Source):
        assert not model._default_manager.exists(), model.__name__


def test_evidence_goes_with_its_source_and_an_answer_keeps_its_own_words(
    source: Source,
    message_factory: MessageFactory,
    owner: User,
    reader: User,
    outsider: User,
    staff: User,
    client: Client,
) -> None:
    piece = lines_of(source, "shop/cart.py", 1, 2)
    answer = message_factory(owner, f"It is called {CANARY} [E1].", [piece])
    client.force_login(owner)
    page = f"/threads/{answer.thread_id}/"
    assert CANARY in _text(client, page)
    assert CANARY in _text(client, _file(source))
    remove(source)
    prune()
    assert not Evidence.objects.exists()
    assert left() == {
        "table conversations_message, column text": "the words of a question or an answer"
    }
    assert Message.objects.get(pk=answer.pk).text == f"It is called {CANARY} [E1]."
    for person in (owner, reader, outsider, staff):
        client.force_login(person)
        assert client.get(_file(source)).status_code == 404
        assert client.get(page).status_code == (200 if person == owner else 404)
        assert CANARY not in _text(client, page)  # sealed: what it rests on is gone
    answer.thread.delete()
    assert left() == {}


def _file(source: Source) -> str:
    return f"/files/{source.name}/main/shop/cart.py"


def _text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_content_that_another_source_holds_stays_for_that_one(
    source: Source, source_factory: SourceFactory
) -> None:
    other = source_factory("other", {"copy.py": FILES["shop/cart.py"]})
    remove(source)
    prune()
    assert "table indexer_blob, column text" in left()
    assert Blob.objects.get().documents.get().source == other
    remove(other)
    prune()
    assert left() == {}


def test_an_uploaded_archive_goes_with_its_source(source_factory: SourceFactory) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        content = f"# {CANARY}\n".encode()
        member = tarfile.TarInfo("guide.md")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    packed.seek(0)
    source_factory("plain", {"a.py": "a = 1\n"})  # sets the corpus up
    source = connect_upload(packed, "export.tar", name="wiki")
    assert [place for place in left() if "uploads" in place]
    sync_now(source)
    remove(source)
    prune()
    assert left() == {}


def test_a_source_that_is_removed_while_it_is_synced_leaves_nothing(
    source: Source, tmp_path: Path
) -> None:
    job = jobs.claim(jobs.enqueue(source).pk)
    Blob.objects.create(oid="f" * 40, size_bytes=1, text=CANARY, stored_by=job.pk)
    remove(source)
    prune()
    assert left() == {}


def test_the_command_line_removes_it_as_well(source: Source) -> None:
    set_grant("readers", source, "docs/")
    call_command("remove", "shop", "--yes")
    prune()
    assert left() == {}
