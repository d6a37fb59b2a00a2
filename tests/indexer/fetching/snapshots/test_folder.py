"""A watched folder: nothing leads out, nothing blocks, nothing is lost that only is away."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from indexer.errors import FetchFailed, LocationRefused
from indexer.fetching.mirror import FetchedRefs, FetchLimits
from indexer.fetching.protocol import FetchRequest
from indexer.fetching.snapshots.folder import MAX_DEPTH, walk
from indexer.fetching.snapshots.importing import blob_id
from indexer.fetching.snapshots.opening import open_file
from indexer.fetching.snapshots.snapshot import Snapshot
from indexer.fetching.snapshots.values import LINK, ChangedMeanwhile, Item
from indexer.skips import SkipReason, stood_in_for
from tests.indexer.fetching.snapshots.conftest import Look, commit_of

Held = Callable[[FetchedRefs], dict[str, int]]
Content = Callable[[FetchedRefs, str], bytes | None]
MIB = 1024**2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wiki"
    (folder / "guides").mkdir(parents=True)
    (folder / "a.md").write_text("one\n")
    (folder / "guides/b.md").write_text("two\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.md").write_text("CANARY\n")
    return folder


def quiet(note: str) -> None:
    """Hear nothing of what is left out."""


def items_of(folder: Path, notes: list[str] | None = None) -> dict[str, Item]:
    heard = notes if notes is not None else []
    return {item.path: item for item in walk(folder, heard.append, largest=MIB)}


def test_looks_at_an_unchanged_folder_store_nothing(
    folder: Path, look: Look, stored: Callable[[], set[str]]
) -> None:
    first = look(folder)
    before = stored()
    (folder / "a.md").touch()
    (folder / "guides/b.md").write_text("two\n")
    for _ in range(3):
        again = look(folder)
        assert (commit_of(again), again.changed) == (commit_of(first), False)
    assert stored() == before


def test_a_settled_file_is_not_read_again(
    folder: Path, mirror: Path, look: Look, content: Content
) -> None:
    look(folder)
    time.sleep(2.2)
    fetched = look(folder)
    memory = mirror / "plumbline-snapshot.json"
    remembered = json.loads(memory.read_text())
    paths: dict[str, list[Any]] = remembered["paths"]
    paths["a.md"][1] = blob_id(b"two\n")  # what only who does not read the file believes
    memory.write_text(json.dumps(remembered))
    (folder / "new.md").write_text("three\n")
    fetched = look(folder)
    assert content(fetched, "a.md") == b"two\n"
    assert content(fetched, "new.md") == b"three\n"


def test_a_file_rewritten_in_place_with_its_time_set_back_is_noticed(
    folder: Path, look: Look, content: Content
) -> None:
    time.sleep(2.2)
    look(folder)
    before = (folder / "a.md").stat()
    (folder / "a.md").write_text("ONE\n")
    os.utime(folder / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert content(look(folder), "a.md") == b"ONE\n"


class Growing:
    """An open file to which somebody else writes while it is read."""

    def __init__(self, opened: BinaryIO, path: Path) -> None:
        self.opened, self.path = opened, path

    def fileno(self) -> int:
        return self.opened.fileno()

    def read(self, size: int) -> bytes:
        content = self.opened.read(size)
        with self.path.open("ab") as other:
            other.write(b"more\n")
        return content


def test_a_file_that_is_being_written_keeps_its_last_version(
    folder: Path,
    mirror: Path,
    tmp_path: Path,
    look: Look,
    held: Held,
    content: Content,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    growing, new = folder / "growing.md", folder / "growing-new.md"
    begin = b"begin\n" * 1000
    growing.write_bytes(begin)
    look(folder)
    new.write_bytes(begin)
    growing.write_bytes(begin + b"more\n")

    @contextmanager
    def open_growing(name: str, at: int) -> Iterator[Any]:
        with open_file(name, at) as opened:
            yield Growing(opened, folder / name) if name.startswith("growing") else opened

    monkeypatch.setattr("indexer.fetching.snapshots.folder.open_file", open_growing)
    # Here, as it is patched here; otherwise a look has a process of its own.
    request = FetchRequest(
        source=str(folder),
        mirror=str(mirror),
        home=str(tmp_path),
        protocols="file",
        limits=FetchLimits(),
        kind="folder",
    )
    fetched = Snapshot(request, lambda progress: None).run()
    assert content(fetched, "growing.md") == begin
    assert "growing-new.md" not in held(fetched)
    assert fetched.notes == (
        "growing-new.md is being written; it is left out until the next look.",
        "growing.md is being written; its last version stays until the next look.",
    )
    assert content(look(folder), "growing.md") == growing.read_bytes()


def test_a_link_put_in_the_place_of_a_file_leads_nowhere(folder: Path) -> None:
    item = items_of(folder)["a.md"]
    (folder / "a.md").unlink()
    (folder / "a.md").symlink_to("../outside/secret.md")
    found = {}
    for item in walk(folder, quiet, largest=MIB):
        if item.path == "a.md":
            assert item.mode == LINK
            assert item.read() == b"../outside/secret.md"
            found["link"] = item
        if item.path == "guides/b.md":
            (folder / "guides/b.md").unlink()
            (folder / "guides/b.md").symlink_to("../../outside/secret.md")
            with pytest.raises(ChangedMeanwhile):
                item.read()
            found["swapped"] = item
    assert len(found) == 2


@pytest.mark.timeout(20)
def test_a_pipe_put_in_the_place_of_a_file_does_not_block(folder: Path) -> None:
    for item in walk(folder, quiet, largest=MIB):
        path = folder / item.path
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(ChangedMeanwhile):
            item.read()


def test_a_link_put_in_the_place_of_a_folder_is_not_entered(folder: Path) -> None:
    walking = walk(folder, quiet, largest=MIB)
    assert next(walking).path == "a.md"
    (folder / "guides").rename(folder / "moved")
    (folder / "guides").symlink_to("../outside")
    assert [(item.path, item.mode) for item in walking] == [("guides", LINK)]


@pytest.mark.parametrize("part", ["wiki", "wiki/guides"])
def test_a_link_put_above_the_folder_is_not_followed(
    folder: Path, tmp_path: Path, part: str
) -> None:
    (tmp_path / "outside/guides").mkdir()
    (tmp_path / part).rename(tmp_path / "moved")
    (tmp_path / part).symlink_to(tmp_path / "outside")
    with pytest.raises(FetchFailed) as raised:
        items_of(folder / "guides")
    assert raised.value.code == "folder_unreadable"


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in which this process may not read everything."""
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_what_may_not_be_read_is_reported(nobody: Path) -> None:
    (nobody / "closed").mkdir(mode=0o700)
    (nobody / "closed/a.md").write_text("a\n")
    (nobody / "open.md").write_text("open\n")
    (nobody / "private.md").write_text("private\n")
    (nobody / "private.md").chmod(0o600)
    notes: list[str] = []
    os.seteuid(65534)
    try:
        reading = walk(nobody, notes.append, largest=MIB)
        outcomes = {item.path: _outcome(item) for item in reading}
    finally:
        os.seteuid(0)
    assert outcomes == {"open.md": b"open\n", "private.md": errno.EACCES}
    assert notes == ["The folder closed cannot be read: Permission denied."]


def _outcome(item: Item) -> bytes | int | None:
    try:
        return item.read()
    except OSError as error:
        return error.errno


def test_a_share_that_does_not_answer_is_not_an_empty_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def failing(path: Any, flags: int, *mode: int, dir_fd: int | None = None) -> int:
        if path == "guides":
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return opened(path, flags, *mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", failing)  # the edge: no share can be broken in a test
    with pytest.raises(FetchFailed, match="network share"):
        items_of(folder)


def test_a_folder_in_a_folder_in_a_folder_ends(folder: Path, look: Look, held: Held) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    try:
        fetched = look(folder)
    finally:
        _flatten(folder)
    assert set(held(fetched)) == {"a.md", "guides/b.md"}
    (note,) = fetched.notes
    assert note.endswith(f"more than {MAX_DEPTH} folders in one another.")


def _flatten(folder: Path) -> None:
    """Undo the nesting from the top: nothing can name its end."""
    spare = folder.with_name("spare")
    while (folder / "d").exists():
        (folder / "d").rename(spare)
        if (spare / "d").exists():
            (spare / "d").rename(folder / "d")
        spare.rmdir()


@pytest.mark.timeout(30)
def test_devices_pipes_sockets_and_huge_files_cost_nothing(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "null.md").symlink_to("/dev/zero")
    with (folder / "film.md").open("wb") as film:
        film.truncate(10**12)
    items = items_of(folder)
    pipe, film_item = stood_in_for(items["pipe"].read()), stood_in_for(items["film.md"].read())
    assert pipe is not None
    assert pipe.reason == SkipReason.REJECTED
    assert film_item is not None
    assert film_item.detail == f"{10**12} bytes, limit {MIB}"
    assert items["null.md"].mode == LINK


def test_a_higher_limit_takes_what_was_too_large(
    folder: Path, look: Look, content: Content
) -> None:
    (folder / "long.md").write_bytes(b"x\n" * MIB)
    time.sleep(2.2)
    small = content(look(folder, FetchLimits(file_bytes=MIB)), "long.md")
    assert small is not None
    assert stood_in_for(small) is not None
    large = content(look(folder, FetchLimits(file_bytes=3 * MIB)), "long.md")
    assert large == b"x\n" * MIB


def test_names_that_are_no_text_are_kept_as_they_are(folder: Path, look: Look, held: Held) -> None:
    for name in (b"\xff\xfe.md", b"line\nbreak.md", b'quo"te\\.md', b" .md"):
        (folder / os.fsdecode(name)).write_text("x\n")
    fetched = look(folder)
    assert len(held(fetched)) == 6
    assert look(folder).changed is False


def test_a_lost_object_is_stored_again(folder: Path, mirror: Path, look: Look) -> None:
    time.sleep(2.2)
    look(folder)
    lost = blob_id(b"one\n")
    (mirror / "objects" / lost[:2] / lost[2:]).unlink()
    (folder / "new.md").write_text("three\n")
    with pytest.raises(FetchFailed):
        look(folder)
    look(folder)
    assert (mirror / "objects" / lost[:2] / lost[2:]).exists()


def test_a_pipe_is_no_source(tmp_path: Path, look: Look) -> None:
    for name in ("pipe", "pipe.zip"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(LocationRefused):
            look(tmp_path / name)
