"""A child says where a file is no proper text of its language, and nothing else of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.confined.pool import ReaderPool
from indexer.confined.protocol import Question


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    pool = ReaderPool(1)
    yield pool
    pool.close()


@pytest.mark.parametrize(
    ("path", "content", "faults"),
    [
        ("a.py", b"def f():\n    return 1\n", []),
        ("a.py", b"def f():\n    return (1\n", [2]),
        ("a.py", b"if True:\n  x = 1\n   y = 2\n", [3]),
        ("a.txt", b"(((\n", None),
        ("a.py", b"\0\1\2" * 100, None),
        ("a.js", b"[" * 100_000, None),
    ],
)
def test_faults_are_found_and_nothing_else(
    pool: ReaderPool, path: str, content: bytes, faults: list[int] | None
) -> None:
    question = Question(oid="0" * 40, path=path, content=content, max_bytes=0, only_faults=True)
    answer = pool.read(question)
    assert (answer.faults, answer.text, answer.chunks) == (faults, "", [])
