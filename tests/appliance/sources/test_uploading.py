"""Archives by upload, and what may be changed about a source afterwards."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.managing import remove
from indexer.errors import FetchRefused
from indexer.ingestion.inline import sync_now
from indexer.ingestion.pruning import prune_uploads
from indexer.models import Document, Job, SkippedFile, Source
from inference.fake_server import FakeServer
from tests.conftest import SourceFactory


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path, models: FakeServer) -> Path:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    settings.UPLOADS_DIR = tmp_path / "uploads"
    return tmp_path / "uploads"


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def archive(entries: dict[str, str], name: str = "wiki.zip") -> SimpleUploadedFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        for path, text in entries.items():
            written.writestr(path, text)
    return SimpleUploadedFile(name, stream.getvalue())


def upload(client: Client, file: SimpleUploadedFile, name: str = "wiki") -> int:
    return client.post("/sources/upload/", {"name": name, "file": file}).status_code


def test_a_removal_that_fails_keeps_the_upload(
    admin: Client, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(admin, archive({"a.md": "# Anchor\n"}))
    source = Source.objects.get(name="wiki")

    def broken(self: Source) -> None:
        raise OperationalError("the database went away")

    monkeypatch.setattr(Source, "delete", broken)
    with pytest.raises(OperationalError):
        remove(source)
    assert len(list(uploads.iterdir())) == 1
    monkeypatch.undo()
    remove(source)
    assert list(uploads.iterdir()) == []


def test_an_upload_becomes_a_source_and_its_file_goes(admin: Client, uploads: Path) -> None:
    assert upload(admin, archive({"a.md": "# Anchor\n\nRaise it.\n"})) == 302
    source = Source.objects.get(name="wiki")
    assert source.kind == Source.Kind.ARCHIVE
    assert source.jobs.get().state == Job.State.QUEUED
    assert len(list(uploads.iterdir())) == 1
    sync_now(source)
    assert Document.objects.get(source=source).path == "a.md"
    assert list(uploads.iterdir()) == []


def test_a_new_version_replaces_the_documents(admin: Client, uploads: Path) -> None:
    upload(admin, archive({"a.md": "one\n"}))
    source = Source.objects.get()
    sync_now(source)
    response = admin.post("/sources/wiki/replace/", {"file": archive({"b.md": "two\n"})})
    assert response.status_code == 302
    source.refresh_from_db()
    sync_now(source)
    assert [document.path for document in Document.objects.all()] == ["b.md"]
    assert list(uploads.iterdir()) == []


def test_a_broken_new_version_leaves_the_old_one_live(admin: Client) -> None:
    upload(admin, archive({"a.md": "one\n"}))
    source = Source.objects.get()
    sync_now(source)
    broken = SimpleUploadedFile("wiki.zip", b"PK\x03\x04 nothing more")
    admin.post("/sources/wiki/replace/", {"file": broken})
    source.refresh_from_db()
    with pytest.raises(FetchRefused):
        sync_now(source)
    assert [document.path for document in Document.objects.all()] == ["a.md"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("wiki", SimpleUploadedFile("notes.txt", b"text")),
        ("upload", SimpleUploadedFile("wiki.zip", b"PK")),
        ("../x", SimpleUploadedFile("wiki.zip", b"PK")),
        ("", SimpleUploadedFile("wiki.zip", b"PK")),
        ("wiki", SimpleUploadedFile("wiki.zip", b"")),
    ],
)
def test_what_cannot_be_one_is_refused_and_leaves_nothing(
    admin: Client, uploads: Path, name: str, file: SimpleUploadedFile
) -> None:
    assert upload(admin, file, name) == 400
    assert not Source.objects.exists()
    assert not uploads.exists() or not list(uploads.iterdir())


def test_the_name_of_the_file_is_never_a_path(admin: Client, uploads: Path) -> None:
    file = archive({"a.md": "one\n"})
    file.name = "../../evil.zip"
    upload(admin, file)
    (stored,) = uploads.iterdir()
    assert stored.suffix == ".zip"
    assert "evil" not in stored.name


def test_a_file_beyond_the_limit_is_refused(admin: Client, settings: Settings) -> None:
    settings.UPLOAD_LIMIT_MB = 1
    large = SimpleUploadedFile("wiki.zip", b"x" * 1_100_000)
    response = admin.post("/sources/upload/", {"name": "wiki", "file": large})
    assert response.status_code == 400
    assert "the limit is 1 MB" in response.content.decode()


def test_settings_take_effect_with_the_next_sync(
    admin: Client, source_factory: SourceFactory
) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n", "old/b.py": "b = 2\n", "c.min.js": "c\n"})
    given = {"ref_names": "", "exclude_patterns": "old/\n*.min.js", "poll_minutes": "15"}
    assert admin.post("/sources/shop/settings/", given).status_code == 302
    source.refresh_from_db()
    assert (source.poll_s, source.exclude_patterns) == (900, ["old/", "*.min.js"])
    sync_now(source)
    assert [document.path for document in Document.objects.all()] == ["a.py"]
    reasons = dict(SkippedFile.objects.values_list("path", "detail"))
    assert reasons == {
        "old/b.py": "old/ (excluded by an administrator, line 1)",
        "c.min.js": "*.min.js (excluded by an administrator, line 2)",
    }
    admin.post("/sources/shop/settings/", given | {"exclude_patterns": ""})
    source.refresh_from_db()
    report = sync_now(source)
    assert (report.files, report.chunks_embedded) == (3, 0)


def test_a_repository_leaves_out_what_its_own_file_says(source_factory: SourceFactory) -> None:
    source_factory(
        "shop",
        {".plumblineignore": "# generated\ngen/\n!gen/keep.py\n", "gen/a.py": "a\n", "b.py": "b\n"},
    )
    assert {document.path for document in Document.objects.all()} == {".plumblineignore", "b.py"}
    assert SkippedFile.objects.get().detail == "gen/ (.plumblineignore, line 2)"


@pytest.mark.parametrize("pattern", ["*" * 13, "x" * 501])
def test_a_pattern_that_could_crawl_is_refused(
    admin: Client, source_factory: SourceFactory, pattern: str
) -> None:
    source_factory("shop", {"a.py": "a = 1\n"})
    response = admin.post("/sources/shop/settings/", {"exclude_patterns": pattern})
    assert response.status_code == 400
    assert "no pattern" in response.content.decode()


def test_the_command_line_uploads_a_new_version(
    admin: Client, uploads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upload(admin, archive({"a.md": "one\n"}))
    source = Source.objects.get()
    sync_now(source)
    file = tmp_path / "Wiki.ZIP"
    file.write_bytes(archive({"b.md": "two\n"}).read())
    call_command("upload", "wiki", str(file))
    assert "reads the new version of wiki" in capsys.readouterr().out
    source.refresh_from_db()
    sync_now(source)
    assert [document.path for document in Document.objects.all()] == ["b.md"]
    assert file.exists()
    assert list(uploads.iterdir()) == []


def test_the_command_line_refuses_what_is_no_archive(
    source_factory: SourceFactory, admin: Client, tmp_path: Path
) -> None:
    source_factory("shop", {"a.py": "a = 1\n"})
    upload(admin, archive({"a.md": "one\n"}))
    (tmp_path / "notes.txt").write_text("x\n")
    for name, file, sentence in (
        ("shop", "a.zip", "is no archive"),
        ("wiki", "notes.txt", "is no file that ends in"),
        ("wiki", "absent.zip", "is no file that ends in"),
        ("nothing", "a.zip", "no source called"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call_command("upload", name, str(tmp_path / file))


def test_an_upload_that_nobody_knows_of_goes_after_a_day(admin: Client, uploads: Path) -> None:
    upload(admin, archive({"a.md": "one\n"}))
    (known,) = uploads.iterdir()
    orphan, fresh = uploads / "orphan.zip", uploads / "fresh.zip"
    for path in (orphan, fresh):
        path.write_bytes(b"PK")
    for path in (orphan, known):
        os.utime(path, (0, 0))
    assert prune_uploads() == 1
    assert set(uploads.iterdir()) == {known, fresh}


def test_only_admins_upload_and_change(
    client: Client, owner: User, reader: User, outsider: User, source_factory: SourceFactory
) -> None:
    source_factory("shop", {"a.py": "a = 1\n"})
    for person in (owner, reader, outsider):
        client.force_login(person)
        assert client.get("/sources/upload/").status_code == 404
        assert upload(client, archive({"a.md": "x\n"})) == 404
        for deed in ("settings", "replace"):
            assert client.post(f"/sources/shop/{deed}/").status_code == 404
