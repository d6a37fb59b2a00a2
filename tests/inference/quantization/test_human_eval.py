"""What a model writes is run behind walls: its tests decide, and hostile programs do no harm."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inference.errors import QuantizationFailed
from inference.quantization.comparison import human_eval
from inference.quantization.comparison.human_eval import (
    Problem,
    Sandbox,
    find_sandbox,
    passes,
    solved,
    until_stop,
)
from inference.sandbox import problem as sandbox_problem

MISSING = sandbox_problem()
needs_bubblewrap = pytest.mark.skipif(bool(MISSING), reason=f"no sandbox here: {MISSING}")
ADD = Problem(
    "HumanEval/x",
    'def add(a: int, b: int) -> int:\n    """Add two numbers."""\n',
    "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(-1, 1) == 0\n",
    "add",
)
SECONDS = 3


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return find_sandbox()


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@needs_bubblewrap
@pytest.mark.parametrize(
    ("completion", "passed"),
    [
        ("    return a + b\n", True),
        ("    return a + b\n\ndef add(a, b):\n    return 0\n", True),  # what follows is cut off
        ("    return a - b\n", False),
        ("    return a +\n", False),
        ("", False),
    ],
)
def test_the_tests_of_a_problem_decide(sandbox: Sandbox, completion: str, passed: bool) -> None:
    assert passes(ADD, completion, sandbox) is passed


@needs_bubblewrap
@pytest.mark.parametrize("ending", ["raise SystemExit(0)", "import os; os._exit(0)", "exit()"])
def test_whoever_ends_before_the_tests_has_not_passed(sandbox: Sandbox, ending: str) -> None:
    assert not passes(ADD, f"    {ending}\n    return a + b\n", sandbox)


HOSTILE = {
    "endless loop": "    while True: pass\n",
    "fork bomb": "    import os\n    while True: os.fork()\n",
    "huge output": "    while True: print('x' * 100000)\n",
    "much memory": "    x = bytearray(4 * 1024 ** 3)\n    return a + b\n",
    "deep recursion": "    return add(a, b)\n",
    "full disk": "    open('/work/x', 'wb').write(b'x' * (64 * 1024 ** 2))\n    return a + b\n",
}


@needs_bubblewrap
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_is_ended_and_fails(sandbox: Sandbox, name: str) -> None:
    short = replace(sandbox, limits=replace(sandbox.limits, seconds=SECONDS))
    started = time.monotonic()
    assert not passes(ADD, HOSTILE[name], short)
    assert time.monotonic() - started < 60  # 3 s of its own; the rest is a busy machine's


@needs_bubblewrap
def test_there_is_no_network(sandbox: Sandbox, port: int) -> None:
    ask = f"    import socket\n    socket.create_connection(('127.0.0.1', {port}), 2)\n    return a + b\n"
    assert not passes(ADD, ask, sandbox)


@needs_bubblewrap
def test_files_of_this_machine_cannot_be_read_or_changed(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    read = f"    open({str(secret)!r}).read()\n    return a + b\n"
    write = f"    open({str(secret)!r}, 'w').write('changed')\n    return a + b\n"
    assert not passes(ADD, read, sandbox)
    assert not passes(ADD, write, sandbox)
    assert secret.read_text() == "x"


@needs_bubblewrap
def test_every_problem_gets_its_result(sandbox: Sandbox) -> None:
    other = replace(ADD, name="HumanEval/y")
    lines: list[str] = []
    completions = {ADD.name: "    return a + b\n", other.name: "    return 0\n"}
    assert solved(completions, [ADD, other], sandbox, lines.append) == {
        ADD.name: True,
        other.name: False,
    }
    assert lines == ["ran 2 of 2 problems, 1 passed"]


def test_without_a_sandbox_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(QuantizationFailed, match=r"is not installed.*--problems 0"):
        find_sandbox()


@needs_bubblewrap
def test_without_a_python_in_it_nothing_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nowhere = tmp_path / "python3"
    monkeypatch.setattr(human_eval, "_candidates", lambda limits: [Sandbox(nowhere, limits)])
    with pytest.raises(QuantizationFailed, match="no Python can be started in it"):
        find_sandbox()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("    return 1\n\n\ndef other():", "    return 1\n\n"),
        ("    return 1\n# and", "    return 1"),
        ("    if x:\n        return 1\n", "    if x:\n        return 1\n"),
        ("    return 1\n```\nThis", "    return 1"),
    ],
)
def test_a_completion_ends_with_its_function(text: str, kept: str) -> None:
    assert until_stop(text) == kept
