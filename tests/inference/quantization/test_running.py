"""The loop over the layers: finished work stays, and a run that was killed gives the same weights."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inference.errors import QuantizationFailed
from inference.quantization.running import STATE, Finished, quantize_layers
from tests.inference.quantization.engine import FakeEngine

WINDOWS = [(1, 2, 3), (4, 5, 6)]
ROOT = Path(__file__).parents[3]


def quantized(engine: FakeEngine, work: Path, run: str = "a") -> Finished:
    return quantize_layers(engine, WINDOWS, work, run, lambda line: None)


def contents(finished: Finished) -> list[bytes]:
    return [file.read_bytes() for file in finished.files]


def test_every_layer_is_quantized_with_what_the_one_before_gave(tmp_path: Path) -> None:
    engine = FakeEngine()
    finished = quantized(engine, tmp_path)
    assert engine.done == [0, 1, 2, 3]
    assert len(set(contents(finished))) == 5
    assert finished.losses["3"] == {"mlp": 0.03}


@pytest.mark.parametrize("layer", [0, 1, 3])
@pytest.mark.parametrize("midway", [True, False])
def test_a_run_that_was_ended_goes_on_with_the_same_weights(
    tmp_path: Path, layer: int, midway: bool
) -> None:
    whole = contents(quantized(FakeEngine(), tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        quantized(FakeEngine(dies_at=layer, dies_midway=midway), tmp_path / "ended")
    second = FakeEngine()
    assert contents(quantized(second, tmp_path / "ended")) == whole
    assert second.done == list(range(layer, 4))


def test_only_the_next_inputs_are_kept(tmp_path: Path) -> None:
    quantized(FakeEngine(), tmp_path)
    assert [path.name for path in tmp_path.glob("inputs-*")] == ["inputs-0004.st"]


def test_unfinished_work_of_another_run_is_not_continued(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        quantized(FakeEngine(dies_at=2), tmp_path)
    with pytest.raises(QuantizationFailed, match="of another model, calibration or recipe"):
        quantized(FakeEngine(), tmp_path, run="b")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": "a", "finished": 1, "more": 2}'])
def test_a_broken_state_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    with pytest.raises(QuantizationFailed, match="delete"):
        quantized(FakeEngine(), tmp_path)


def test_progress_tells_what_is_left(tmp_path: Path) -> None:
    lines: list[str] = []
    quantize_layers(FakeEngine(), WINDOWS, tmp_path, "a", lines.append)
    assert lines[1].startswith("[##########..........] layer 2 of 4, 0 s each, 0 min left")
    assert lines[3].endswith("most lost in mlp: 3.00%")


KILLED = """
import sys, time
from pathlib import Path
from inference.quantization.running import quantize_layers
from tests.inference.quantization.engine import FakeEngine
class Slow(FakeEngine):
    def quantize_layer(self, number, *files):
        time.sleep(0.05)
        return super().quantize_layer(number, *files)
quantize_layers(Slow(40), [(1, 2, 3), (4, 5, 6)], Path(sys.argv[1]), "a", print)
"""


def test_kill_9_loses_at_most_one_layer(tmp_path: Path) -> None:
    work = tmp_path / "killed"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(work)], cwd=ROOT) as process:
        deadline = time.monotonic() + 30
        while not (work / "layer-0005.st").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    second = FakeEngine(40)
    finished = quantize_layers(second, WINDOWS, work, "a", lambda line: None)
    assert 5 <= second.done[0] < 40
    whole = quantize_layers(FakeEngine(40), WINDOWS, tmp_path / "whole", "a", lambda line: None)
    assert contents(finished) == contents(whole)
