"""The plan: a card that is much smaller than the model will do."""

from __future__ import annotations

import pytest

from inference.errors import QuantizationFailed
from inference.quantization.__main__ import main
from inference.quantization.plan import plan, plan_lines
from inference.quantization.recipe import Recipe, run_id
from inference.serving.shape import SHAPES, read_shape

GIB = 1024**3
LARGE = read_shape(SHAPES / "codellama-34b-gptq")
SMALL = read_shape(SHAPES / "qwen2.5-coder-0.5b")


def test_a_34b_is_quantized_on_a_card_of_24_gb() -> None:
    reckoned = plan(LARGE, Recipe(), on_card=True)
    assert reckoned.device < 24 * 0.9 * GIB
    assert 17e9 < reckoned.after < 19e9
    assert 67e9 < reckoned.before < 68e9
    # 128 windows x 2048 tokens x 8192 numbers of 2 bytes, in and out
    assert reckoned.memory == 2 * 128 * 2048 * 8192 * 2


def test_only_one_layer_is_held() -> None:
    reckoned = plan(SMALL, Recipe(), on_card=True)
    assert reckoned.layer < SMALL.weight_bytes / 3


def test_a_processor_holds_a_layer_in_32_bits() -> None:
    on_card, off = (plan(SMALL, Recipe(), on_card=where) for where in (True, False))
    assert off.layer == 2 * on_card.layer


def test_the_plan_in_words() -> None:
    lines = list(plan_lines(LARGE, Recipe(order="none"), on_card=True))
    assert lines[1] == "Recipe    auto-gptq: 4 bits, group 128, inputs as they stand"
    assert lines[-1].startswith("Weights   ")


def test_explain_needs_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "codellama-34b-gptq", "--on-card"]) == 0
    assert main(["explain", "nowhere"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"bits": 5},
        {"order": "other"},
        {"group_size": 0},
        {"group_size": 100},
        {"windows": 0},
        {"window_tokens": 4},
        {"damp": 0.0},
    ],
)
def test_a_recipe_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(QuantizationFailed):
        Recipe(**wrong)  # type: ignore[arg-type]


def test_another_recipe_model_or_calibration_is_another_run() -> None:
    runs = {
        run_id(Recipe(), "m", "c"),
        run_id(Recipe(order="none"), "m", "c"),
        run_id(Recipe(), "n", "c"),
        run_id(Recipe(), "m", "d"),
    }
    assert len(runs) == 4
