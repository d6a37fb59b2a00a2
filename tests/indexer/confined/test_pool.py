"""Files that crash, hang or bloat their reader: each is kept out, and the next one is read."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from indexer.confined.pool import CPU_USED_UP, ReaderPool
from indexer.confined.protocol import Answer, Question

MODULE = "tests.indexer.confined.misbehaving"
GOOD = b"def good():\n    return 1\n"


@pytest.fixture
def pool() -> Iterator[ReaderPool]:
    pool = ReaderPool(1, wall_s=2.5, module=MODULE)
    yield pool
    pool.close()


def question(path: str, content: bytes = GOOD) -> Question:
    return Question(oid=path.encode().hex(), path=path, content=content, max_bytes=10**6)


def assert_goes_on(pool: ReaderPool) -> None:
    answer = pool.read(question("good.py"))
    assert (answer.skip_reason, answer.language, len(answer.chunks)) == ("", "python", 1)


@pytest.mark.parametrize(
    ("deed", "detail"),
    [
        ("segfault", "SIGSEGV"),
        ("abort", "SIGABRT"),
        ("exit", "status 3"),
        ("hang", "no answer within 2.5 s"),
        ("chatter", "no answer"),
        ("endless", "no answer"),
        ("impostor", "another file"),
    ],
)
def test_a_file_that_ends_its_reader_three_times_is_kept_out(
    pool: ReaderPool, deed: str, detail: str
) -> None:
    answer = pool.read(question(f"{deed}.py"))
    assert answer.skip_reason == "quarantined"
    assert answer.skip_detail.startswith("3 times")
    assert detail in answer.skip_detail
    assert answer.text == ""
    assert_goes_on(pool)


@pytest.mark.parametrize("deed", ["parser-spins", "parser-crashes"])
def test_b12_a_file_whose_parser_was_ended_is_split_by_lines(deed: str) -> None:
    pool = ReaderPool(1, wall_s=20, module=MODULE)
    try:
        answer = pool.read(question(f"{deed}.py", b"a = 1\n" * 400))
    finally:
        pool.close()
    assert (answer.skip_reason, answer.language) == ("", "python")
    assert answer.note == "split by lines: its parser did not come to an end"
    assert answer.definitions == []
    lines = [n for row in answer.chunks for n in range(row.start_line, row.end_line + 1)]
    assert lines == list(range(1, 401))


def test_a_document_whose_library_was_ended_is_kept_out_for_the_first_reason(
    pool: ReaderPool,
) -> None:
    answer = pool.read(question("parser-crashes.ipynb"))
    assert answer.skip_reason == "quarantined"
    assert answer.skip_detail.startswith("3 times: its reader died of SIGSEGV")


def test_processor_time_is_counted_for_each_file_alone_and_not_given_again() -> None:
    pool = ReaderPool(1, wall_s=240, module=MODULE)
    try:
        answer = pool.read(question("spin.py"))
        assert (answer.skip_reason, answer.skip_detail) == ("rejected", CPU_USED_UP)
        for number in range(50):
            assert pool.read(question(f"good{number}.py")).skip_reason == ""
    finally:
        pool.close()


def test_a_file_that_wants_too_much_memory_is_rejected_and_its_reader_lives(
    pool: ReaderPool,
) -> None:
    assert_goes_on(pool)
    answer = pool.read(question("memory.py"))
    assert answer.skip_reason in {"rejected", "quarantined"}
    assert_goes_on(pool)


def test_a_reader_that_died_once_by_chance_loses_nothing(pool: ReaderPool, tmp_path: Path) -> None:
    mark = tmp_path / "seen"
    threading.Timer(0.3, mark.touch).start()  # its first reader is dead or about to be
    answer = pool.read(question("once.txt", str(mark).encode()))
    assert answer.skip_reason == ""
    assert answer.text == str(mark)


def test_a_reader_has_no_network_no_files_no_programs_and_no_environment(
    pool: ReaderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_SECRET_KEY", "a secret of the worker")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port = server.getsockname()[1]
        told = pool.read(question("tell.txt", str(port).encode())).text.split("\n")
        with pytest.raises(TimeoutError):
            server.accept()
    assert "SECRET" not in told[0]
    assert told[1:] == [
        "connect PermissionError",
        "raw PermissionError",  # by the kernel: the call itself is refused
        "write OSError",
        "run PermissionError",
    ]


def test_other_files_are_read_while_one_hangs() -> None:
    pool = ReaderPool(2, wall_s=3, module=MODULE)
    try:
        seen: list[tuple[float, Answer]] = []
        started = time.monotonic()
        paths = ["hang.py", *(f"good{n}.py" for n in range(30))]
        for answer in pool.read_all(question(path) for path in paths):
            seen.append((time.monotonic() - started, answer))
        assert sorted(a.oid for _, a in seen) == sorted(path.encode().hex() for path in paths)
        (hung_at,) = [at for at, answer in seen if answer.skip_reason]
        assert hung_at == max(at for at, _ in seen)
        assert sorted(at for at, _ in seen)[-2] < hung_at / 2
    finally:
        pool.close()


def test_files_are_taken_only_as_fast_as_they_are_read() -> None:
    pool = ReaderPool(2, module=MODULE)
    taken = 0

    def questions() -> Iterator[Question]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield question(f"good{number}.py")

    answers = pool.read_all(questions())
    next(answers)
    assert taken <= 2 * 2 + 1
    assert len(list(answers)) == 99
    pool.close()


def test_closing_ends_every_child() -> None:
    pool = ReaderPool(2, module=MODULE)
    list(pool.read_all(question(f"good{n}.py") for n in range(8)))
    children = [child for child in psutil.Process().children() if MODULE in child.cmdline()]
    assert children
    pool.close()
    assert not any(child.is_running() for child in children)
