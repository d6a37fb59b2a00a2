"""auto-gptq itself on a tiny model: killed and continued, read back with its own layer, compared.

Needs the environment of quantization: `python -m inference.quantization install`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inference.quantization.calibration import Text, write_texts
from inference.quantization.install import is_complete
from inference.serving.manifest import NAME, read_manifest, verify_folder

ROOT = Path(__file__).parents[3]
ENV = Path(os.environ.get("PLUMBLINE_QUANTIZE_ENV", ROOT / ".venv-quantize"))
PYTHON = ENV / "bin" / "python"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not is_complete(ENV), reason=f"{ENV} is not installed"),
]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
RECIPE = ("--windows", "4", "--window-tokens", "64", "--group-size", "32", "--device", "cpu")
MAKE = """
import sys, torch
from pathlib import Path
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, {kind}Config
folder = Path(sys.argv[1])
torch.manual_seed(0)
config = {kind}Config(vocab_size=300, hidden_size=64, intermediate_size=128, num_hidden_layers=3,
    num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False)
AutoModelForCausalLM.from_config(config).to(torch.bfloat16).save_pretrained(folder)
tokenizer = Tokenizer(models.WordLevel({{f"w{{n}}": n for n in range(300)}}, unk_token="w0"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.save(str(folder / "tokenizer.json"))
(folder / "chat_template.jinja").write_text("{{{{ messages }}}}")
"""
READ_BACK = """
import json, sys, torch
from pathlib import Path
from auto_gptq.nn_modules.qlinear.qlinear_cuda import QuantLinear
from inference.quantization.engines.packing import unpacked
from inference.quantization.engines.tensors import Tensors
tensors, name = Tensors(Path(sys.argv[1])), "model.layers.1.mlp.down_proj"
parts = {part: tensors.get(f"{name}.{part}") for part in ("qweight", "qzeros", "scales", "g_idx")}
ours = unpacked(parts, 4)
theirs = QuantLinear(4, 32, ours.shape[1], ours.shape[0], False)
theirs.load_state_dict(parts, strict=False)
given = torch.randn(5, ours.shape[1])
with torch.no_grad():
    difference = float((theirs(given.half()).float() - given @ ours.t()).abs().max())
original = Tensors(Path(sys.argv[2])).get(f"{name}.weight").float()
print(json.dumps({"difference": difference, "off": float((ours - original).norm() / original.norm()),
    "groups": parts["g_idx"].tolist()}))
"""


def script(text: str, *arguments: str) -> str:
    done = subprocess.run(
        [str(PYTHON), "-c", text, *arguments], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "inference.quantization", words[0], "--env", str(ENV), *words[1:]]


@pytest.fixture
def texts(tmp_path: Path) -> tuple[Path, Path]:
    every = [Text(" ".join(f"w{(n * k) % 300}" for n in range(200)), "own") for k in range(1, 120)]
    paths = tmp_path / "calibration.jsonl", tmp_path / "held-out.jsonl"
    for path, is_held_out in zip(paths, (False, True), strict=True):
        write_texts(path, [text for text in every if text.is_held_out is is_held_out])
    return paths


@pytest.mark.parametrize("kind", ["Llama", "Qwen2"])
def test_a_model_is_quantized_read_back_and_compared(
    kind: str, texts: tuple[Path, Path], tmp_path: Path
) -> None:
    model, out = tmp_path / "model", tmp_path / "small"
    script(MAKE.format(kind=kind), str(model))
    order = ["run", str(model), str(out), "--calibration", str(texts[0]), *RECIPE]
    order += ["--licence", "none", "--origin", "a test"]
    subprocess.run(command(*order), check=True, cwd=ROOT)
    verify_folder(out)
    found = json.loads(script(READ_BACK, str(out), str(model)))
    assert found["difference"] < 1e-2
    assert found["off"] < 0.2
    # Groups keep their places: vLLM serves no others.
    assert found["groups"] == [place // 32 for place in range(128)]
    judge = ["verify", str(model), str(out), "--held-out", str(texts[1]), "--windows", "2"]
    judge += ["--window-tokens", "64", "--answers", "2", "--problems", "2", "--device", "cpu"]
    done = subprocess.run(command(*judge), cwd=ROOT)
    assert done.returncode in {0, 3}
    assert read_manifest(out).promoted is (done.returncode == 0)


def test_kill_9_and_a_second_run_give_the_weights_of_one(
    texts: tuple[Path, Path], tmp_path: Path
) -> None:
    model = tmp_path / "model"
    script(MAKE.format(kind="Qwen2"), str(model))
    hashes = []
    for name, is_killed in (("whole", False), ("killed", True)):
        order = ["run", str(model), str(tmp_path / name), "--calibration", str(texts[0]), *RECIPE]
        order += ["--licence", "none", "--origin", "a test"]
        if is_killed:
            kill_after_a_layer(command(*order), tmp_path / f"{name}.work" / "layer-0000.st")
            assert not (tmp_path / name).exists()
        subprocess.run(command(*order), check=True, cwd=ROOT)
        files = read_manifest(tmp_path / name).files
        hashes.append({file: entry.sha256 for file, entry in files.items() if file != NAME})
    assert hashes[0] == hashes[1]


def kill_after_a_layer(words: list[str], layer: Path) -> None:
    with subprocess.Popen(words, cwd=ROOT) as process:
        deadline = time.monotonic() + 300
        while not layer.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
