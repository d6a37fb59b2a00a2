"""The benchmark of fenced handles: free and fenced in turn, and a server that has no fences."""

from __future__ import annotations

import json

import pytest

from inference.bench import fences
from inference.fake_server import serving
from inference.testing import Mode, Script

OPTIONS = ["--runs", "2", "--answer-tokens", "8", "--handles", "3"]


def test_it_asks_free_and_fenced_in_turn(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Script(mode=Mode.SLOW, text="one two three [E1]", pause_s=0.002)) as server:
        fences.main([server.url, *OPTIONS])
        asked = [one for one in server.model.received if str(one["path"]).endswith("completions")]
    assert ["structured_outputs" in one for one in asked] == [False, True] * 3
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["runs"], told["handles"]) == (2, 3)
    assert told["tokens_s"] > 0 < told["tokens_s_fenced"]


def test_it_says_so_when_the_server_refuses_fences() -> None:
    with (
        serving(Script(text="one two three", can_fence=False)) as server,
        pytest.raises(SystemExit, match="refuses structural tags"),
    ):
        fences.main([server.url, *OPTIONS])
