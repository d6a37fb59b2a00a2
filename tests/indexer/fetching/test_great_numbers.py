"""Repositories of great numbers (A12, A17): fetched and listed within bounds, or refused by name."""

from __future__ import annotations

import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from indexer.errors import FetchError, FetchRefused
from indexer.fetching.history import last_change
from indexer.fetching.location import parse_location
from indexer.fetching.mirror import FetchLimits, fetch, iter_tree
from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import FIRST_COMMIT_AT, Repository
from tests.gitserver import GitHandler, GitServer
from tests.indexer.fetching.test_limits import failure, on_pack, packet

MEGABYTE = 1024 * 1024
MOST_RESIDENT = 600 * MEGABYTE  # of this process and its git, together

pytestmark = pytest.mark.timeout(900)


@contextmanager
def watching_memory() -> Iterator[list[int]]:
    """Note how much this process and its new children hold beyond what it held before.

    A model server that other tests of this process have started is none of this one's, and a child
    that is not yet the program it will be looks as large as this process, whose memory it has.
    """
    me = psutil.Process()
    own_command = me.cmdline()
    others = set(me.children(recursive=True))
    before = me.memory_info().rss
    peaks = [0]
    ended = Event()

    def look() -> None:
        while not ended.wait(0.05):
            held = me.memory_info().rss - before
            for child in set(me.children(recursive=True)) - others:
                try:
                    if child.cmdline() != own_command:
                        held += child.memory_info().rss
                except psutil.Error:
                    continue
            peaks[0] = max(peaks[0], held)

    thread = Thread(target=look)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def fast_import(repository: Repository, stream: Iterator[bytes]) -> None:
    with subprocess.Popen(
        ["git", "fast-import", "--quiet", "--force"], cwd=repository.path, stdin=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        for part in stream:
            process.stdin.write(part)
        process.stdin.close()
        assert process.wait() == 0


def commits(count: int) -> Iterator[bytes]:
    who = b"Ada Example <ada@example.com>"
    for number in range(1, count + 1):
        text = b"%d\n" % number
        moment = FIRST_COMMIT_AT + number
        yield b"commit refs/heads/many\nmark :%d\n" % number
        yield b"committer %b %d +0000\ndata 2\nno\n" % (who, moment)
        if number > 1:
            yield b"from :%d\n" % (number - 1)
        yield b"M 100644 inline count.txt\ndata %d\n%b\n" % (len(text), text)


@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a17_a_long_history_is_fetched_and_walked(
    repository: Repository, mirror: Path, policy: LocationPolicy, count: int
) -> None:
    fast_import(repository, commits(count))
    head = repository.git("rev-parse", "many")
    with watching_memory() as peaks:
        location = parse_location(str(repository.path), policy)
        fetched = fetch(location, mirror, refs=("many",), policy=policy)
        change = last_change(mirror, [head], "count.txt")
    assert fetched.refs["many"].commit == head
    assert change is not None
    assert change.commit == head
    assert peaks[0] < MOST_RESIDENT


@pytest.mark.parametrize("count", [5_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a17_a_folder_of_very_many_files_is_listed_as_it_is_read(
    repository: Repository, mirror: Path, policy: LocationPolicy, count: int
) -> None:
    blob = repository.store(b"x\n")
    files = "".join(f"100644 blob {blob}\tfile-{number:06d}.txt\n" for number in range(count))
    folder = repository.git("mktree", stdin=files.encode())
    commit = repository.commit_entries({b"folder": ("40000", folder)})
    with watching_memory() as peaks:
        location = parse_location(str(repository.path), policy)
        fetch(location, mirror, policy=policy)
        listed = sum(1 for _ in iter_tree(mirror, commit))
    assert listed == count
    assert peaks[0] < MOST_RESIDENT


@pytest.mark.slow
def test_a17_a_million_refs_are_refused_at_the_limit(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    """Written as a table of packed refs: git itself would need minutes for a million files."""
    head = repository.commits[0]
    lines = [f"{head} refs/tags/t{number:07d}\n" for number in range(1_000_000)]
    packed = repository.path / ".git" / "packed-refs"
    packed.write_text("# pack-refs with: peeled fully-peeled sorted \n" + "".join(lines))
    with watching_memory() as peaks:
        error = failure(parse_location(str(repository.path), policy), mirror, policy, FetchLimits())
    assert isinstance(error, FetchRefused)
    assert error.code == "too_many_refs"
    assert peaks[0] < MOST_RESIDENT


def declared(size: int) -> bytes:
    """Return a pack of one blob that says it is so large, and holds nothing."""
    kind, rest = 3, size >> 4
    head = [(kind << 4) | (size & 15)]
    while rest:
        head[-1] |= 0x80
        head.append(rest & 0x7F)
        rest >>= 7
    body = b"PACK" + struct.pack(">II", 2, 1) + bytes(head) + b"x\x9c\x03\x00\x00\x00\x00\x01"
    return body + sha1(body).digest()  # noqa: S324  git's own sum of a pack


def test_a17_a_pack_that_declares_six_gigabytes_takes_none_of_them(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    def lie(handler: GitHandler, _content: bytes) -> None:
        pack = packet(b"packfile\n") + packet(b"\x01" + declared(6 * 1024**3)) + b"0000"
        handler.wfile.write(pack)

    server.behaviour = on_pack(lie)
    with watching_memory() as peaks, pytest.raises(FetchError) as caught:
        fetch(parse_location(server.url("one.git"), policy), mirror, policy=policy)
    assert caught.value.code in {"memory_limit", "transfer_damaged", "connection_broken"}
    assert peaks[0] < MOST_RESIDENT
    assert not list(mirror.glob("objects/pack/*"))
    server.behaviour = None
    assert fetch(parse_location(server.url("one.git"), policy), mirror, policy=policy).refs


@pytest.mark.slow
@pytest.mark.parametrize(
    "attributes",
    [
        b"".join(b"pattern-%d filter=x\n" % number for number in range(1_000_000)),
        b"* filter=x " + b"y" * (100 * MEGABYTE) + b"\n",
    ],
    ids=["a million patterns", "100 MB"],
)
def test_a12_attributes_without_end_cost_a_fetch_their_size_alone(
    repository: Repository, mirror: Path, policy: LocationPolicy, attributes: bytes
) -> None:
    commit = repository.commit({".gitattributes": attributes})
    started = time.monotonic()
    with watching_memory() as peaks:
        fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
        listed = list(iter_tree(mirror, commit))
    assert [entry.path for entry in listed] == [".gitattributes", "README.md", "src/app.py"]
    assert time.monotonic() - started < 120
    assert peaks[0] < MOST_RESIDENT
