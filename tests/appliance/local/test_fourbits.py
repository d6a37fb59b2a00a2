"""The run from floats to a cited answer in 4 bits: what is there is not made again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.local.fourbits.__main__ import (
    Run,
    StepFailed,
    _told,
    calibrate,
    export,
    model_to_serve,
    quantize,
    verify,
)
from inference.fake_server import serving
from inference.serving.machine import Machine
from inference.testing import Script
from tests.gitrepos import Repository
from tests.inference.serving.models import make_model
from tests.journeys.tidewatch import make_tidewatch

ROOT = Path(__file__).parents[3]
SMALL = "qwen2.5-coder-0.5b"
GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 128}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    work = tmp_path / "work"
    work.mkdir()
    original = make_model(tmp_path / "original", SMALL)
    return Run(work, tmp_path, ("Where?",), 64, 512, 164, "no-such-python", original)


def test_what_is_there_is_not_made_again(run: Run) -> None:
    make_model(run.quantized, SMALL, quantization_config=GPTQ)
    run.texts.mkdir()
    run.report.parent.mkdir()
    for file in (run.work / "own.jsonl", run.texts / "held-out.jsonl", run.report):
        file.write_text("{}")
    for step in (export, calibrate, quantize, verify):
        step(run)
    assert not (run.texts / "calibration.jsonl").exists()


def test_a_half_written_calibration_is_made_anew_and_a_failure_is_told(run: Run) -> None:
    run.texts.mkdir()
    (run.texts / "calibration.jsonl").write_text("half")
    with pytest.raises(StepFailed, match="goes on from here"):
        calibrate(run)  # there is no own.jsonl
    assert not (run.texts / "calibration.jsonl").exists()


def test_without_avx_512_the_original_is_served_and_it_is_said_so(run: Run) -> None:
    make_model(run.quantized, SMALL, quantization_config=GPTQ)
    old = Machine("x86_64", frozenset({"avx2"}), cores=2)
    new = Machine("x86_64", frozenset({"avx2", "avx512f"}), cores=2)
    assert model_to_serve(run, new) == (run.quantized, "")
    model, why_not = model_to_serve(run, old)
    assert model == run.original
    assert "AVX-512" in why_not


def test_the_last_line_tells_what_it_came_to(run: Run) -> None:
    run.report.parent.mkdir()
    report = {
        "promoted": False, "refused": ["perplexity rose"], "perplexity": {}, "problems": 164,
        "expected_agreement": 0.9, "passed": {"before": 0.4, "after": 0.38}, "weight_bytes": {},
    }  # fmt: skip
    run.report.write_text(json.dumps(report))
    told = _told(run, "no code for it", [{"citations": [{}], "seconds": 3.0}])
    assert (told["served"], told["citations"]) == ("original", 1)
    assert told["human_eval"] == {"problems": 164, "before": 0.4, "after": 0.38}


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.timeout(600)
def test_the_products_part_exports_code_and_cites(tmp_path: Path) -> None:
    repository: Repository = make_tidewatch(tmp_path / "tidewatch")
    corpus = [sys.executable, "-m", "appliance.local.fourbits.corpus"]
    out = tmp_path / "own.jsonl"
    subprocess.run([*corpus, "export", str(repository.path), str(out)], check=True, cwd=ROOT)
    assert '"part": "own"' in out.read_text().splitlines()[0]
    question = "Which exception does GaugeClient.read_level raise after the last retry?"
    with serving(Script()) as server:
        done = subprocess.run(
            [*corpus, "ask", str(repository.path), server.url, question, "Never asked?"],
            check=True, cwd=ROOT, capture_output=True, text=True,
        )  # fmt: skip
    (answer,) = json.loads(done.stdout.splitlines()[-1])
    assert answer["citations"][0]["state"] == "verified"
