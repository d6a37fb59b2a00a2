"""Pages on one host, workers on others: what the pages show of a mirror, and uploads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.managing import remove
from indexer import archives, mirrors, parts, wall
from indexer.ingestion.inline import sync_now
from indexer.models import ArchivePart, Document, MirrorPack, MirrorPart, Source
from indexer.scope import Scope
from inference.fake_server import FakeServer
from tests.appliance.access.walled import as_runtime_role
from tests.conftest import SourceFactory

Move = Callable[[str], Path]


@pytest.fixture
def on(settings: Settings, tmp_path: Path, source_factory: SourceFactory) -> Move:
    """Go on as another host: the same database, and a data folder of its own."""
    settings.SHARE_MIRRORS = True
    uploads = settings.UPLOADS_DIR = tmp_path / "uploads"  # called the same on every host
    here = ["pages"]

    def move(host: str) -> Path:
        if uploads.exists():
            uploads.rename(tmp_path / f"uploads-{here[0]}")
        if (theirs := tmp_path / f"uploads-{host}").exists():
            theirs.rename(uploads)
        settings.MIRRORS_DIR = tmp_path / host / "mirrors"
        here[0] = host
        return uploads

    move("pages")
    return move


@pytest.fixture
def admin(client: Client, staff: User, models: FakeServer) -> Client:
    client.force_login(staff)
    return client


def archive(text: str) -> SimpleUploadedFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as written:
        written.writestr("a.md", text)
    return SimpleUploadedFile("wiki.zip", stream.getvalue())


def upload(admin: Client, text: str) -> Source:
    admin.post("/sources/upload/", {"name": "wiki", "file": archive(text)})
    return Source.objects.get(name="wiki")


def texts() -> list[str]:
    return list(Document.objects.exclude(refs=[]).values_list("blob__text", flat=True))


@pytest.mark.django_db(transaction=True)
def test_an_upload_reaches_the_worker_of_another_host(
    admin: Client, on: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 100)
    source = upload(admin, "# Anchor\n" + "Raise it. " * 100)
    assert not list(on("pages").iterdir())
    assert ArchivePart.objects.count() > 10
    uploads = on("worker")
    sync_now(source)
    assert texts()[0].startswith("# Anchor\nRaise it.")
    assert not ArchivePart.objects.exists()
    assert not list(uploads.iterdir())
    on("another worker")
    call_command("reindex", "wiki")
    sync_now(source)
    assert len(texts()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_version_takes_the_place_of_one_that_nobody_read(admin: Client, on: Move) -> None:
    source = upload(admin, "one\n")
    admin.post("/sources/wiki/replace/", {"file": archive("two\n")})
    read_late = Source.objects.get(pk=source.pk)
    admin.post("/sources/wiki/replace/", {"file": archive("three\n")})
    on("worker")
    archives.drop(read_late)  # by a worker that began before the last one came
    sync_now(Source.objects.get(pk=source.pk))
    assert texts() == ["three\n"]


@pytest.mark.django_db(transaction=True)
def test_an_upload_of_a_removed_source_goes_with_it(admin: Client, on: Move) -> None:
    source = upload(admin, "secret\n")
    assert ArchivePart.objects.exists()
    remove(source)
    assert not ArchivePart.objects.exists()


@pytest.mark.parametrize("page", ["file_history", "file_blame"])
def test_pages_tell_of_the_past_on_a_host_that_fetched_nothing(
    admin: Client, on: Move, source_factory: SourceFactory, staff: User, page: str
) -> None:
    on("worker")
    source = source_factory("shop", {"cart.py": "def total(items):\n    return sum(items)\n"})
    staff.groups.add(Group.objects.get(name="readers"))
    on("pages")
    answer = admin.get(reverse(page, args=["shop", source.refs.get().commit, "cart.py"]))
    assert answer.status_code == 200
    assert "Ada Example" in answer.content.decode()


def test_nobody_reads_packs_and_uploads_but_the_appliance(
    on: Move, source_factory: SourceFactory, settings: Settings
) -> None:
    source = source_factory("shop", {"cart.py": "a = 1\n"})
    ArchivePart.objects.create(source=source, name="a.zip", position=0, content=b"a")
    tables = (MirrorPack, MirrorPart, ArchivePart)
    with as_runtime_role(settings):
        for scope in (Scope(), Scope(whole_source_ids=frozenset({source.pk}))):
            with wall.behind(scope):
                assert [model.objects.count() for model in tables] == [0, 0, 0]
        on("pages")
        assert mirrors.at_hand(source).is_dir()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM indexer_mirrorpart")
            assert cursor.fetchone() == (0,)
