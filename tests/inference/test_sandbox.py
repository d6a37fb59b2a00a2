"""What runs in the sandbox reaches nothing, writes nothing, and takes no more than it may."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from inference.sandbox import (
    Limits,
    Ran,
    SandboxUnusable,
    problem,
    run_confined,
)

PROBLEM = problem()
needs_bubblewrap = pytest.mark.skipif(bool(PROBLEM), reason=f"no sandbox here: {PROBLEM}")
MB = 1024**2
LIMITS = Limits(seconds=5, memory_bytes=256 * MB, disk_bytes=16 * MB)
Run = Callable[..., Ran]


@pytest.fixture
def tree() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="plumbline-test-") as name:
        folder = Path(name) / "tree"
        folder.mkdir()
        folder.parent.chmod(0o755)
        (folder / "a.txt").write_text("as it was\n")
        yield folder


@pytest.fixture
def run(tree: Path) -> Run:
    def confined(command: str, limits: Limits = LIMITS) -> Ran:
        return run_confined(command, tree, limits)

    return confined


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@needs_bubblewrap
def test_a_command_runs_in_a_copy_of_the_tree(run: Run, tree: Path) -> None:
    ran = run("cat a.txt && echo changed > a.txt && cat a.txt")
    assert (ran.status, ran.output, ran.ended) == (0, b"as it was\nchanged\n", "")
    assert (tree / "a.txt").read_text() == "as it was\n"


@needs_bubblewrap
def test_the_status_is_that_of_the_command(run: Run) -> None:
    assert (run("exit 3").status, run("exit 3").passed, run("true").passed) == (3, False, True)


@needs_bubblewrap
def test_there_is_no_network_not_even_this_machine(run: Run, listener: int) -> None:
    connect = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
    socket.create_connection(("127.0.0.1", listener), 2).close()  # it is there
    for host, port in (("127.0.0.1", listener), ("192.0.2.1", 80)):
        ran = run(f"/usr/bin/python3 -c '{connect}' {host} {port}")
        assert ran.status == 1
        assert b"Error" in ran.output


@needs_bubblewrap
@pytest.mark.parametrize(
    "place",
    ["/etc/passwd", "/root", "/home", "/var", "/opt", "/proc/1/root//etc/passwd", "/sys", "/run"],
)
def test_nothing_else_of_the_machine_can_be_read(run: Run, place: str) -> None:
    assert run(f"ls -d {place} || cat {place}").status != 0


@needs_bubblewrap
def test_a_file_beside_the_tree_cannot_be_read(run: Run, tree: Path) -> None:
    beside = tree.parent / "secret.txt"
    beside.write_text("hidden")
    assert run(f"cat {beside} ../secret.txt /source/../secret.txt").output.count(b"hidden") == 0


@needs_bubblewrap
def test_the_environment_is_empty(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_SECRET_KEY", "do-not-show")
    assert b"do-not-show" not in run("env; cat /proc/self/environ /proc/1/environ").output


@needs_bubblewrap
@pytest.mark.parametrize(
    "place", ["/source/x", "/usr/x", "/x", "/dev/x", "/proc/sys/kernel/x", "/etc/x"]
)
def test_only_its_own_folders_can_be_written_to(run: Run, place: str) -> None:
    assert run(f"echo x > {place}").status != 0


@needs_bubblewrap
@pytest.mark.parametrize(("folder", "most"), [("/work", 16), ("/tmp", 64), ("/dev/shm", 64)])  # noqa: S108
def test_it_cannot_fill_a_disk(run: Run, folder: str, most: int) -> None:
    ran = run(f"for n in 1 2 3 4 5 6 7 8 9; do head -c 15M /dev/zero > {folder}/f$n; done; du -sm {folder}; "
              f"test $(du -sm {folder} | cut -f1) -le {most}")  # fmt: skip
    assert b"No space left" in ran.output
    assert ran.status == 0


@needs_bubblewrap
def test_one_file_has_a_largest_size(run: Run) -> None:
    assert run("head -c 17M /dev/zero > /tmp/f").status != 0


@needs_bubblewrap
def test_one_process_has_little_memory(run: Run) -> None:
    ran = run("/usr/bin/python3 -c 'bytearray(400 * 1024 * 1024)'")
    assert b"MemoryError" in ran.output


@needs_bubblewrap
def test_many_processes_have_no_more_memory_together(run: Run) -> None:
    eat = "import time; x = bytearray(b'x' * (100 * 1024 * 1024)); time.sleep(30)"
    ran = run(f'for n in 1 2 3 4 5; do /usr/bin/python3 -c "{eat}" & done; wait')
    assert ran.status is None
    assert "256 MB of memory" in ran.ended


@needs_bubblewrap
def test_so_many_processes_and_no_more(run: Run) -> None:
    ran = run("for n in $(seq 200); do sleep 2 & done; echo all of them")
    assert b"all of them" not in ran.output or ran.status is None


@needs_bubblewrap
def test_a_fork_bomb_ends_with_all_that_it_made(run: Run) -> None:
    started = time.monotonic()
    ran = run("bash -c ':(){ :|:& };:'; sleep 60")
    # For its memory, or its time; or at once, because the kernel lets it have no more processes.
    assert ran.ended or ran.status
    assert time.monotonic() - started < 30
    assert _inside(":|:&") == []


@needs_bubblewrap
def test_it_is_ended_at_the_time_limit_with_its_children(run: Run) -> None:
    ran = run("setsid sleep 61 & sleep 61", replace(LIMITS, seconds=1))
    assert (ran.status, ran.ended) == (None, "ran longer than 1 seconds")
    assert ran.seconds < 30
    assert _inside("sleep 61") == []


@needs_bubblewrap
def test_what_it_says_is_bounded(run: Run) -> None:
    ran = run("yes")
    assert ran.ended == "said more than it may"
    assert len(ran.output) == LIMITS.output_bytes


@needs_bubblewrap
def test_it_cannot_become_more_than_it_is(run: Run) -> None:
    assert run("test $(id -u) != 0").status == 0
    assert run("unshare -rn true").status != 0
    assert run("grep -q 'CapEff:.*0000000000000000' /proc/self/status").status == 0


@needs_bubblewrap
def test_a_run_ends_when_it_is_stopped(tree: Path) -> None:
    started = time.monotonic()
    ran = run_confined(
        "echo begun; sleep 60", tree, LIMITS, lambda: time.monotonic() > started + 0.5
    )
    assert (ran.status, ran.output, ran.ended) == (None, b"begun\n", "was stopped")
    assert ran.seconds < 30


@needs_bubblewrap
def test_a_folder_that_the_admin_named_is_shown_read_only(run: Run, tree: Path) -> None:
    folder = tree.parent / "tools"
    folder.mkdir()
    (folder / "tool").write_text("useful")
    limits = replace(LIMITS, folders=(folder,))
    assert run(f"cat {folder}/tool", limits).output == b"useful"
    assert run(f"echo x > {folder}/tool", limits).status != 0


def test_without_bubblewrap_it_says_so(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert problem() == "nice is not installed"
    with pytest.raises(SandboxUnusable):
        run_confined("true", tree, LIMITS)


def _inside(words: str) -> list[str]:
    """Return what is left of a run: processes with words that only this run uses."""
    lines = (" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"]))
    return [line for line in lines if words in line]
