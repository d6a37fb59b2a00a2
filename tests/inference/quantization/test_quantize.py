"""From a model folder to a quantized one with a manifest that is not promoted, and from there to its verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from inference.errors import ModelFilesInvalid, QuantizationFailed, ServingFailed
from inference.quantization.calibration import Text, write_texts
from inference.quantization.comparison.values import Bars, Reading, Tokens, Written
from inference.quantization.quantize import Order, quantize
from inference.quantization.recipe import Recipe
from inference.quantization.verify import Question, verify
from inference.serving.__main__ import main as serving
from inference.serving.manifest import (
    check_promoted,
    make_manifest,
    read_manifest,
    verify_folder,
    write_manifest,
)
from tests.inference.quantization.engine import FakeEngine
from tests.inference.serving.models import make_model

RECIPE = Recipe(windows=4, window_tokens=16)
WORDS = [f"word{number}" for number in range(50)]
OWN_SECRET = "word7 word8 word9"


def texts(*, held_out: bool, count: int = 12) -> list[Text]:
    every = (
        Text(f"{OWN_SECRET} " + " ".join(WORDS) + f" {number}", "own") for number in range(999)
    )
    return [text for text in every if text.is_held_out is held_out][:count]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = make_model(tmp_path / "original", "qwen2.5-coder-0.5b")
    tokenizer = Tokenizer(
        WordLevel({word: n for n, word in enumerate(["?", *WORDS])}, unk_token="?")
    )
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    manifest = make_manifest(folder, name="original", licence="Apache-2.0", origin="a test")
    write_manifest(folder, manifest)
    return folder


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    write_texts(tmp_path / "calibration.jsonl", texts(held_out=False))
    return tmp_path / "calibration.jsonl"


@pytest.fixture
def held_out(tmp_path: Path) -> Path:
    write_texts(tmp_path / "held-out.jsonl", texts(held_out=True))
    return tmp_path / "held-out.jsonl"


@pytest.fixture
def order(model: Path, calibration: Path, tmp_path: Path) -> Order:
    return Order(model, tmp_path / "small", (calibration,))


def quantized(order: Order, engine: FakeEngine | None = None) -> Path:
    quantize(order, engine or FakeEngine(), RECIPE, lambda line: None)
    return order.out


def test_the_folder_is_complete_and_verified(order: Order) -> None:
    manifest = verify_folder(quantized(order))
    assert manifest.quantization == "gptq, 4 bits, group 128"
    assert (manifest.licence, manifest.name) == ("Apache-2.0", "small")
    assert "chat_template.jinja" in manifest.files
    index = json.loads((order.out / "model.safetensors.index.json").read_text())
    assert index["weight_map"]["embed"] == "model-00005-of-00005.safetensors"
    assert index["metadata"]["total_size"] == 4 * 64 + 5
    assert not order.work.exists()


def test_the_configuration_names_the_quantization(order: Order) -> None:
    config = json.loads((quantized(order) / "config.json").read_text())
    assert config["quantization_config"]["quant_method"] == "gptq"
    assert config["quantization_config"]["desc_act"] is False  # vLLM serves no other
    original = json.loads((order.model / "config.json").read_text())
    assert config["hidden_size"] == original["hidden_size"]


def test_everyone_who_serves_may_read_the_weights(order: Order) -> None:
    assert {path.stat().st_mode & 0o444 for path in quantized(order).iterdir()} == {0o444}


def test_the_manifest_tells_how_much_text_and_no_word_of_it(order: Order) -> None:
    quantized(order)
    manifest = read_manifest(order.out)
    calibration = manifest.report["calibration"]
    assert calibration["texts"] == {"own": 12, "general": 0}
    assert calibration["windows"] == 4
    assert OWN_SECRET not in manifest.to_json()


def test_an_ended_run_gives_the_same_model(order: Order, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        quantized(order, FakeEngine(dies_at=2))
    assert not order.out.exists()
    second = FakeEngine()
    quantized(order, second)
    assert second.done == [2, 3]
    quantized(replace(order, out=tmp_path / "whole"))
    assert read_manifest(order.out).files == read_manifest(tmp_path / "whole").files


def test_held_out_text_is_never_calibrated_with(order: Order, held_out: Path) -> None:
    with pytest.raises(QuantizationFailed, match="kept apart"):
        quantized(replace(order, calibration=(*order.calibration, held_out)))


def test_a_tampered_model_is_not_quantized(order: Order) -> None:
    (order.model / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelFilesInvalid, match="model_manifest_mismatch"):
        quantized(order)


def test_what_exists_is_not_overwritten(order: Order) -> None:
    order.out.mkdir()
    with pytest.raises(QuantizationFailed, match="exists"):
        quantized(order)


def test_a_quantized_model_is_not_quantized_again(order: Order, tmp_path: Path) -> None:
    small = quantized(order)
    with pytest.raises(QuantizationFailed, match="quantized already"):
        quantized(Order(small, tmp_path / "smaller", order.calibration))


class FakeModel:
    """Reads with a loss that depends on the folder; writes what it is told."""

    how = "a fake"

    def __init__(self, loss: float) -> None:
        self._loss = loss

    def read(self, window: Tokens) -> Reading:
        return Reading(self._loss * len(window), window)

    def write(
        self, prompts: Sequence[Tokens], most: int, is_done: Callable[[Tokens], bool] | None = None
    ) -> list[Written]:
        return [Written(prompt[:most], 1.0) for prompt in prompts]


@pytest.fixture
def question(order: Order, held_out: Path, tmp_path: Path) -> Question:
    small = quantized(order)
    return Question(
        order.model, small, (held_out,), tmp_path / "report", windows=2, window_tokens=16,
        answers=2, problems=0,
    )  # fmt: skip


def judged(question: Question, loss: float) -> bool:
    def load(folder: Path) -> FakeModel:
        return FakeModel(loss if folder == question.after else 1.0)

    return verify(question, load, Bars(), lambda line: None).promoted


def test_a_model_is_not_promoted_before_it_was_compared(question: Question) -> None:
    with pytest.raises(ServingFailed, match="was not compared with the original yet"):
        check_promoted(question.after, read_manifest(question.after))


def test_a_good_model_is_promoted_and_stays_what_it_is(question: Question) -> None:
    files = read_manifest(question.after).files
    assert judged(question, 1.01)
    manifest = verify_folder(question.after)
    assert manifest.promoted
    assert manifest.files == files
    assert manifest.report["verification"]["how"] == "a fake"
    assert manifest.report["calibration"]["windows"] == 4
    check_promoted(question.after, manifest)
    assert "**Promoted.**" in (question.report / "report.md").read_text()


def test_a_bad_model_is_refused_and_not_served(
    question: Question, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert not judged(question, 1.2)
    manifest = read_manifest(question.after)
    assert manifest.promoted is False
    with pytest.raises(ServingFailed, match=r"rose by 22\.1%.*--unpromoted"):
        check_promoted(question.after, manifest)
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").write_text("")
    told = ["launch", "--env", str(tmp_path / "env"), "--model", str(question.after), "--port", "1"]
    assert serving(told) == 1
    assert "is not promoted" in caplog.text


def test_a_later_comparison_decides_anew(question: Question) -> None:
    judged(question, 1.2)
    assert judged(question, 1.0)
    manifest = read_manifest(question.after)
    assert (manifest.promoted, manifest.report["refused"]) == (True, [])


def test_calibration_text_is_no_proof(question: Question, calibration: Path) -> None:
    with pytest.raises(QuantizationFailed, match="may have been calibrated with"):
        judged(replace(question, held_out=(calibration,)), 1.0)


def test_models_with_different_words_are_not_compared(question: Question) -> None:
    (question.before / "plumbline-manifest.json").unlink()
    (question.before / "tokenizer.json").write_text("{}")
    with pytest.raises(QuantizationFailed, match="different tokenizers"):
        judged(question, 1.0)


def test_only_a_quantized_model_is_judged(question: Question) -> None:
    with pytest.raises(QuantizationFailed, match="is not quantized"):
        judged(replace(question, after=question.before), 1.0)


def test_a_model_from_elsewhere_is_served_as_before(model: Path) -> None:
    check_promoted(model, verify_folder(model))
