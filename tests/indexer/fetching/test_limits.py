"""Servers that stall, lie or never end, and what a fetch may use before it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from indexer.errors import FetchError, FetchFailed, FetchRefused
from indexer.fetching import supervision
from indexer.fetching.location import Location, parse_location
from indexer.fetching.mirror import FetchLimits, fetch
from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import Repository
from tests.gitserver import Behaviour, GitHandler, GitServer

SHORT = FetchLimits(wall_s=4)


def packet(content: bytes) -> bytes:
    return b"%04x" % (len(content) + 4) + content


def start_pack_answer(handler: GitHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/x-git-upload-pack-result")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True


def on_pack(answer: Callable[[GitHandler, bytes], None]) -> Behaviour:
    """Leave the listing to git and answer the request for the pack."""

    def behave(handler: GitHandler) -> bool:
        if handler.command != "POST" or b"command=fetch" not in handler.body:
            return False
        _, _, content = handler.run_backend(handler.body)
        start_pack_answer(handler)
        answer(handler, content)
        return True

    return behave


def stall(handler: GitHandler, content: bytes) -> None:
    handler.wfile.write(content[:20])
    handler.wfile.flush()
    handler.git.stopped.wait(30)


def drip(handler: GitHandler, content: bytes) -> None:
    for at in range(len(content)):
        handler.wfile.write(content[at : at + 1])
        handler.wfile.flush()
        if handler.git.stopped.wait(1.5):
            return


def endless_sideband(handler: GitHandler, content: bytes) -> None:
    handler.wfile.write(packet(b"packfile\n"))
    while not handler.git.stopped.wait(0.001):
        handler.wfile.write(packet(b"\x02" + b"Counting forever " * 200 + b"\r"))


def end_of_pack(content: bytes) -> int:
    """Return where the last packet of the first sideband ends: the pack's checksum is there."""
    at = end = 0
    while at < len(content):
        length = max(4, int(content[at : at + 4], 16))
        end = at + length if content[at + 4 : at + 5] == b"\x01" else end
        at += length
    return end


def cut_off(handler: GitHandler, content: bytes) -> None:
    handler.wfile.write(content[: end_of_pack(content) - 40])


def wrong_checksum(handler: GitHandler, content: bytes) -> None:
    at = end_of_pack(content) - 1
    handler.wfile.write(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])


def failure(
    location: Location, mirror: Path, policy: LocationPolicy, limits: FetchLimits
) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(location, mirror, policy=policy, limits=limits)
    return caught.value


def children_in_session_of(session: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (stall, "time_limit"),
        (drip, "time_limit"),
        (endless_sideband, "time_limit"),
        (cut_off, "connection_broken"),
        (wrong_checksum, "transfer_damaged"),
    ],
)
def test_a16_a_broken_transfer_is_a_failure_that_leaves_nothing(
    answer: Callable[[GitHandler, bytes], None],
    code: str,
    server: GitServer,
    mirror: Path,
    policy: LocationPolicy,
) -> None:
    server.behaviour = on_pack(answer)
    started = time.monotonic()
    location = parse_location(server.url("one.git"), policy)
    error = failure(location, mirror, policy, SHORT)
    assert isinstance(error, FetchFailed)
    assert error.code == code, error
    assert time.monotonic() - started < SHORT.wall_s + 20
    assert not mirror.with_name("1.git.fetch").exists()
    assert not list(mirror.glob("objects/pack/*"))
    server.behaviour = None
    assert fetch(location, mirror, policy=policy).refs


def test_a16_a_server_that_stalls_from_the_start_is_given_up(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    def silent(handler: GitHandler) -> bool:
        handler.git.stopped.wait(30)
        return True

    server.behaviour = silent
    location = parse_location(server.url("one.git"), policy)
    error = failure(location, mirror, policy, FetchLimits(wall_s=60, stall_s=2))
    assert error.code == "time_limit"
    assert isinstance(error, FetchFailed)


def test_a16_a_server_that_drips_is_given_up_before_the_fetch_has_used_its_time(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    server.behaviour = on_pack(drip)
    location = parse_location(server.url("one.git"), policy)
    error = failure(location, mirror, policy, FetchLimits(wall_s=300, stall_s=2))
    assert error.code == "time_limit"
    assert "300" not in error.message
    assert not list(mirror.glob("objects/pack/*"))


def test_a_silent_server_does_not_make_the_fetch_look_dead(
    server: GitServer, mirror: Path, policy: LocationPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pause is ten seconds; a test that waits for two of them would be the slowest of all.
    monkeypatch.setattr(supervision, "SILENCE_S", 0.5)
    server.behaviour = on_pack(stall)
    signs: list[float] = []
    with pytest.raises(FetchFailed):
        fetch(
            parse_location(server.url("one.git"), policy),
            mirror,
            policy=policy,
            limits=SHORT,
            on_progress=lambda progress: signs.append(time.monotonic()),
        )
    pauses = [later - earlier for earlier, later in pairwise(signs)]
    assert len(signs) > 4
    assert max(pauses) < 2


def test_a_server_error_may_be_tried_again(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    def broken(handler: GitHandler) -> bool:
        handler.send_plain(503, b"down for maintenance", Content_Type="text/plain")
        return True

    server.behaviour = broken
    error = failure(parse_location(server.url("one.git"), policy), mirror, policy, SHORT)
    assert isinstance(error, FetchFailed)
    assert error.code == "server_error"
    assert "down for maintenance" in error.message


def test_a17_more_disk_than_allowed_is_refused(
    server: GitServer, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(server.url("one.git"), policy)
    fetch(location, mirror, policy=policy)
    repository.commit({"large": os.urandom(3_000_000)})
    repository.push(server.root / "one.git")
    error = failure(location, mirror, policy, FetchLimits(disk_bytes=1_000_000))
    assert isinstance(error, FetchRefused)
    assert error.code == "disk_limit"
    assert sum(path.stat().st_size for path in mirror.rglob("*") if path.is_file()) < 1_000_000


def test_a17_more_refs_than_allowed_are_refused(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    head = repository.commits[0]
    lines = "".join(f"create refs/tags/t{number} {head}\n" for number in range(300))
    repository.git("update-ref", "--stdin", stdin=lines.encode())
    location = parse_location(str(repository.path), policy)
    error = failure(location, mirror, policy, FetchLimits(ref_count=200))
    assert isinstance(error, FetchRefused)
    assert error.code == "too_many_refs"
    assert not (mirror / "HEAD").exists()


def test_too_little_memory_is_a_refusal_and_not_a_crash(
    tmp_path: Path, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    repository.commit({"large": "x" * 60_000_000})
    location = parse_location(str(repository.bundle(tmp_path / "large.bundle")), policy)
    error = failure(location, mirror, policy, FetchLimits(memory_bytes=60 * 1024**2))
    assert isinstance(error, FetchRefused)
    assert error.code == "memory_limit"


FETCHING_WORKER = """
import sys
from pathlib import Path
from indexer.fetching.location import parse_location
from indexer.fetching.mirror import fetch
from indexer.fetching.policy import LocationPolicy

policy = LocationPolicy(schemes=frozenset({"http"}), networks=("127.0.0.0/8",))
fetch(
    parse_location(sys.argv[1], policy),
    Path(sys.argv[2]),
    policy=policy,
    on_progress=lambda progress: sys.stdout.write(progress.phase + chr(10)) and sys.stdout.flush(),
)
"""


def test_a_killed_worker_takes_its_git_with_it(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    server.behaviour = on_pack(stall)
    worker = subprocess.Popen(
        [sys.executable, "-c", FETCHING_WORKER, server.url("one.git"), str(mirror)],
        stdout=subprocess.PIPE,
    )
    with worker:
        while not any("POST" in request for request in server.requests[2:]):
            time.sleep(0.05)
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        assert children
        sessions = [int(child) for child in children]
        worker.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(children_in_session_of(session) for session in sessions):
        assert time.monotonic() < deadline, "git outlived its worker"
        time.sleep(0.05)
