"""Folders and archives as sources: what is in them is searched, and nothing leads out of them."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from pytest_django import Settings

from appliance.sources.managing import connect
from indexer import clients
from indexer.errors import FetchError, FetchRefused
from indexer.ingestion.inline import SyncReport, sync_now
from indexer.models import Blob, Document, SkippedFile, Source
from inference.fake_server import FakeServer
from tests.indexer.ingestion.corpus import found_paths

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(tmp_path: Path, settings: Settings, models: FakeServer) -> Path:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    return tmp_path


def connected(place: Path, name: str = "docs") -> tuple[Source, SyncReport]:
    source = connect(str(place), name=name, from_command_line=True)
    return source, sync_now(source)


def paths_of(source: Source) -> set[str]:
    return set(Document.objects.filter(source=source).values_list("path", flat=True))


def settle(folder: Path) -> None:
    """Make the files older than the moment in which a change could go unnoticed."""
    past = time.time() - 60
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (past, past))


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / "wiki"
    (folder / "guides").mkdir(parents=True)
    (folder / "guides/deploy.md").write_text("# Deploy\n\nPress the lever.\n")
    (folder / 'odd "name".txt').write_text("strange words\n")
    (folder / "größe.txt").write_text("umlauts\n")
    settle(folder)
    return folder


def test_a_watched_folder_is_searched_and_followed(folder: Path) -> None:
    source, report = connected(folder)
    assert source.kind == Source.Kind.FOLDER
    assert report.files == 3
    assert found_paths("lever", source)[0] == "guides/deploy.md"
    (folder / "guides/new.md").write_text("# New\n\nPull the rope.\n")
    (folder / "größe.txt").unlink()
    second = sync_now(source)
    assert second.commit != report.commit
    assert second.files_changed == 2
    assert paths_of(source) == {"guides/deploy.md", "guides/new.md", 'odd "name".txt'}


def test_a_file_of_this_very_moment_is_read_again(folder: Path) -> None:
    fresh = folder / "fresh.txt"
    fresh.write_text("one\n")
    source, _ = connected(folder)
    stamp = fresh.stat()
    fresh.write_text("two\n")
    os.utime(fresh, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert sync_now(source).files_changed == 1


def test_what_is_no_file_neither_blocks_nor_leads_out(folder: Path, home: Path) -> None:
    (home / "outside.txt").write_text("CANARY outside\n")
    os.mkfifo(folder / "pipe")
    (folder / "link.txt").symlink_to(home / "outside.txt")
    (folder / "up").symlink_to(home)
    (folder / "loop").symlink_to(folder)
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("[core]\n")
    (folder / "draft.md~").write_text("backup\n")
    with pytest.raises(FetchError):  # a folder with .git is a repository, and this is none
        connect(str(folder), name="broken", from_command_line=True)
    (folder / ".git").rename(folder / "guides/.git")
    source, _ = connected(folder)
    assert paths_of(source) == {"guides/deploy.md", 'odd "name".txt', "größe.txt"}
    skipped = dict(SkippedFile.objects.values_list("path", "reason"))
    links = {"link.txt": "symlink", "up": "symlink", "loop": "symlink"}
    assert skipped == links | {"pipe": "rejected"}
    assert not Blob.objects.filter(text__contains="CANARY").exists()


def test_attributes_and_hooks_of_a_folder_do_nothing(folder: Path, home: Path) -> None:
    canary = home / "canary"
    (folder / ".gitattributes").write_text("* filter=evil text eol=crlf\n")
    (folder / ".gitmodules").write_text(
        f'[submodule "x"]\n\tpath = x\n\turl = ext::touch {canary}\n'
    )
    source, _ = connected(folder)
    assert not canary.exists()
    text = Document.objects.get(source=source, path="guides/deploy.md").blob.text
    assert text == "# Deploy\n\nPress the lever.\n"


def test_a_folder_without_files_is_refused_and_keeps_what_was_live(folder: Path) -> None:
    source, _ = connected(folder)
    before = paths_of(source)
    moved = folder.with_name("moved")
    folder.rename(moved)
    folder.mkdir()
    with pytest.raises(FetchRefused, match="no file"):
        sync_now(source)
    assert paths_of(source) == before
    folder.rmdir()
    with pytest.raises(FetchRefused, match="does not exist"):
        sync_now(source)


def zip_of(file: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


def tar_of(file: Path, entries: dict[str, bytes]) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file


PAGES = {"handbook/one.md": b"# One\n\nRaise the anchor.\n", "handbook/two.txt": b"two\n"}


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_an_archive_is_searched_and_a_new_version_replaces_it(home: Path, make: object) -> None:
    assert callable(make)
    file = home / ("docs.zip" if make is zip_of else "docs.tar.gz")
    make(file, PAGES)
    source, report = connected(file)
    assert (source.kind, report.files) == (Source.Kind.ARCHIVE, 2)
    assert found_paths("anchor", source)[0] == "handbook/one.md"
    make(file, {"handbook/one.md": PAGES["handbook/one.md"], "handbook/three.md": b"three\n"})
    again = sync_now(source)
    assert paths_of(source) == {"handbook/one.md", "handbook/three.md"}
    assert again.chunks_embedded == 1
    file.unlink()  # gone, once it has become a commit
    assert sync_now(source).commit == again.commit


def test_entries_that_lead_out_are_left_out_and_nothing_is_unpacked(home: Path) -> None:
    file = zip_of(
        home / "evil.zip",
        PAGES
        | {
            "../../up.txt": b"x\n",
            "/etc/absolute.txt": b"x\n",
            "C:\\drive.txt": b"x\n",
            "a/../../b.txt": b"x\n",
            "line\nbreak.txt": b"x\n",
            ".git/hooks/post-checkout": b"#!/bin/sh\n",
        },
    )
    before = {path for path in home.rglob("*") if "mirrors" not in path.parts}
    source, _ = connected(file)
    assert paths_of(source) == set(PAGES)
    assert {path for path in home.rglob("*") if "mirrors" not in path.parts} - before == set()
    assert not Path("/etc/absolute.txt").exists()


def test_files_that_are_not_taken_are_listed_with_the_reason(folder: Path) -> None:
    with (folder / "film.md").open("wb") as film:
        film.truncate(5 * 1024**3)
    source, _ = connected(folder)
    skipped = SkippedFile.objects.get()
    assert (skipped.path, skipped.reason) == ("film.md", "too_large")
    assert skipped.detail == f"{5 * 1024**3} bytes, limit {20 * 1024**2}"
    assert "film.md" not in paths_of(source)


def test_entries_that_are_no_files_are_listed_with_the_reason(home: Path) -> None:
    file = home / "links.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name, kind in (("s", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("d", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("ok.txt")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"ok\n"))
    source, _ = connected(file)
    assert paths_of(source) == {"ok.txt"}
    reasons = dict(SkippedFile.objects.values_list("path", "reason"))
    assert reasons == {"s": "symlink", "h": "symlink", "d": "rejected"}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("bomb.zip", {"a.txt": b"0" * 60_000_000}, "archive_ratio"),
        ("many.zip", {f"{n}": b"" for n in range(200_050)}, "archive_entries"),
        ("empty.zip", {}, "empty_repository"),
    ],
)
def test_an_archive_beyond_the_limits_is_refused(
    home: Path, name: str, content: dict[str, bytes], code: str
) -> None:
    file = zip_of(home / name, content)
    source = connect(str(file), name="docs", from_command_line=True)
    with pytest.raises(FetchRefused) as raised:
        sync_now(source)
    assert raised.value.code == code
    assert not Document.objects.exists()


@pytest.mark.parametrize("damage", ["cut off", "no archive", "wrong sum"])
def test_a_damaged_archive_keeps_the_old_version_live(home: Path, damage: str) -> None:
    file = zip_of(home / "docs.zip", PAGES)
    source, report = connected(file)
    content = bytearray(file.read_bytes())
    if damage == "cut off":
        content = content[: len(content) // 2]
    elif damage == "no archive":
        content = bytearray(b"hello\n" * 100)
    else:
        at = content.index(b"handbook/one.md") + len("handbook/one.md") + 3
        content[at] ^= 0xFF
    file.write_bytes(bytes(content))
    with pytest.raises(FetchRefused):
        sync_now(source)
    assert paths_of(source) == set(PAGES)
    assert source.refs.get().commit == report.commit


def test_the_mirror_of_a_snapshot_is_a_sound_repository(folder: Path) -> None:
    source, report = connected(folder)
    mirror = clients.mirror_of(source)
    subprocess.run(["git", f"--git-dir={mirror}", "fsck", "--strict"], check=True)
    listed = subprocess.run(
        ["git", f"--git-dir={mirror}", "-c", "core.quotePath=false", "ls-tree", "-r", "-z",
         "--name-only", report.commit],
        check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    assert set(listed.strip("\0").split("\0")) == paths_of(source)
