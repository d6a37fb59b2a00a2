"""peft itself on a tiny model: trained, better for it, and as vLLM wants it.

Needs the environment of quantization: `python3.11 -m inference.quantization.install .venv-quantize`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inference.adapting.pairs import TrainingPair, write_pairs
from inference.quantization.install import is_complete
from inference.serving.adapters import read_adapters
from inference.serving.manifest import ADAPTER_CONFIG, verify_folder
from inference.serving.profiles import get_profile
from inference.serving.shape import read_shape

ROOT = Path(__file__).parents[3]
ENV = Path(os.environ.get("PLUMBLINE_QUANTIZE_ENV", ROOT / ".venv-quantize"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not is_complete(ENV), reason=f"{ENV} is not installed"),
]
MAKE = """
import sys, torch
from pathlib import Path
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, Qwen2Config
folder = Path(sys.argv[1])
torch.manual_seed(0)
config = Qwen2Config(vocab_size=64, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False)
AutoModelForCausalLM.from_config(config).to(torch.bfloat16).save_pretrained(folder)
tokenizer = Tokenizer(models.WordLevel({f"w{n}": n for n in range(64)}, unk_token="w0"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.save(str(folder / "tokenizer.json"))
(folder / "chat_template.jinja").write_text(
    "{% for one in messages %}w1 {{ one.content }} w2 {% endfor %}"
    "{% if add_generation_prompt %}w1 {% endif %}")
"""


def test_an_adapter_is_trained_better_and_fits_its_model(tmp_path: Path) -> None:
    model, out, file = tmp_path / "model", tmp_path / "style", tmp_path / "pairs.jsonl"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    environment["OMP_NUM_THREADS"] = "1"  # more only wait for each other at this size
    made = [str(ENV / "bin" / "python"), "-c", MAKE, str(model)]
    subprocess.run(made, check=True, env=environment, capture_output=True)
    # Whatever is asked, the answer is the same word: what an adapter can learn in a few steps.
    write_pairs(file, [TrainingPair("place", "shop", f"w{n} w1", "w63") for n in range(40)])
    order = [sys.executable, "-m", "inference.adapting", "train", "--env", str(ENV), str(model)]
    order += [str(out), "--pairs", str(file), "--device", "cpu", "--learning-rate", "0.01"]
    subprocess.run(
        [*order, "--licence", "none", "--origin", "a test"], check=True, cwd=ROOT, env=environment
    )
    manifest = verify_folder(out)
    assert manifest.promoted is True
    assert manifest.learned_from == ("shop",)
    # The least that an untrained table of words allows is about 2.9, whatever comes before it.
    assert manifest.report["loss_after"] < manifest.report["loss_before"] - 0.5
    (adapter,) = read_adapters([("a", out)], get_profile("cpu-small"), read_shape(model))
    assert adapter.rank == 8
    assert json.loads((out / ADAPTER_CONFIG).read_text())["base_model_name_or_path"] == "model"
