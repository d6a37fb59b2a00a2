"""The memory plan: what fits is told in threads, what does not fit is refused before it is loaded."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from inference.errors import ServingFailed
from inference.serving.__main__ import main
from inference.serving.adapters import Adapter
from inference.serving.launch import command_of
from inference.serving.machine import Machine
from inference.serving.memory import check_fits, plan_memory
from inference.serving.profiles import GIB, get_profile, profile_names
from inference.serving.shape import SHAPES, read_shape
from tests.inference.serving.models import make_model

MACHINE = Machine("x86_64", frozenset({"avx2"}), cores=2)
BF16 = Machine("x86_64", frozenset({"avx512_bf16"}), cores=2)
ENVIRONMENT = Path(__file__).parents[3] / ".venv-vllm"


@pytest.mark.parametrize("name", profile_names())
def test_each_profile_fits_the_model_that_it_was_made_for(name: str) -> None:
    profile = get_profile(name)
    plan = plan_memory(profile, read_shape(SHAPES / profile.shape), MACHINE)
    check_fits(name, plan)
    assert plan.full_threads >= 1
    if profile.device == "cuda":
        assert plan.weights + plan.work + plan.cache == plan.available == profile.gpu_bytes


@pytest.mark.parametrize(
    ("name", "threads"),
    [("chat-1x24gb", 1), ("chat-2x24gb", 7), ("chat-1x48gb", 7), ("chat-1x80gb", 17)],
)
def test_the_threads_of_16k_that_fit(name: str, threads: int) -> None:
    profile = get_profile(name)
    plan = plan_memory(profile, read_shape(SHAPES / "codellama-34b-gptq"), MACHINE)
    assert (plan.window_tokens, plan.full_threads) == (16384, threads)


def test_half_the_cache_with_fp8() -> None:
    profile = get_profile("chat-1x48gb")
    shape = read_shape(SHAPES / profile.shape)
    half = plan_memory(replace(profile, kv_dtype="fp8"), shape, MACHINE)
    assert half.per_token * 2 == plan_memory(profile, shape, MACHINE).per_token
    assert half.tokens >= 2 * plan_memory(profile, shape, MACHINE).tokens


def test_what_does_not_fit_is_refused_with_what_is_missing() -> None:
    profile = replace(get_profile("chat-1x24gb"), kv_dtype="auto")
    plan = plan_memory(profile, read_shape(SHAPES / profile.shape), MACHINE)
    assert plan.missing > 0.9 * GIB
    with pytest.raises(
        ServingFailed, match=r"chat: 0\.9 GiB of memory are missing .* kv_dtype: fp8"
    ):
        check_fits("chat", plan)


def test_unquantized_weights_do_not_fit_a_small_card(tmp_path: Path) -> None:
    shape = read_shape(make_model(tmp_path / "model", quantization_config=None))
    assert plan_memory(get_profile("chat-1x48gb"), shape, MACHINE).missing > 20 * GIB


def test_a_window_longer_than_the_model_s_own_is_refused(tmp_path: Path) -> None:
    shape = read_shape(make_model(tmp_path / "model", max_position_embeddings=4096))
    with pytest.raises(ServingFailed, match="made for 4096 tokens"):
        plan_memory(get_profile("chat-1x80gb"), shape, MACHINE)


def test_heads_that_cannot_be_split_are_refused() -> None:
    profile = replace(get_profile("chat-2x24gb"), gpus=3)
    with pytest.raises(ServingFailed, match="cannot be split over 3 cards"):
        plan_memory(profile, read_shape(SHAPES / profile.shape), MACHINE)


def test_a_processor_without_bfloat16_holds_twice_the_weights() -> None:
    profile = get_profile("cpu-small")
    shape = read_shape(SHAPES / profile.shape)
    assert (
        plan_memory(profile, shape, MACHINE).weights
        == 2 * plan_memory(profile, shape, BF16).weights
    )


def test_four_bits_need_a_processor_that_multiplies_them() -> None:
    profile = replace(get_profile("cpu-small"), window_tokens=4096)
    large = read_shape(SHAPES / "codellama-34b-gptq")
    with pytest.raises(ServingFailed, match="only on processors with AVX-512"):
        plan_memory(profile, large, MACHINE)
    plan_memory(profile, large, replace(BF16, flags=BF16.flags | {"avx512f"}))


def test_explain_prints_the_plan_and_says_what_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert main(["explain", "chat-1x80gb"]) == 0
    assert "17 of 16,384 tokens" in caplog.text
    caplog.clear()
    model = make_model(tmp_path / "model", quantization_config=None)
    assert main(["explain", "chat-1x48gb", "--model", str(model), "--json"]) == 1
    assert json.loads(caplog.messages[0])["fits"] is False
    assert "are missing for one thread" in caplog.text


@pytest.mark.model
def test_vllm_s_own_parser_knows_every_option_of_every_profile(tmp_path: Path) -> None:
    commands = [
        command_of(
            get_profile(name), MACHINE, env_folder=ENVIRONMENT, model=tmp_path / "model", port=8101
        ).argv[3:]
        for name in profile_names()
    ]
    adapters = (Adapter("shop", tmp_path / "a, b", 8), Adapter("bank", tmp_path, 16))
    beside = command_of(
        get_profile("chat-1x80gb"),
        MACHINE,
        env_folder=ENVIRONMENT,
        model=tmp_path / "model",
        port=8101,
        adapters=adapters,
    )
    commands.append(beside.argv[3:])
    check = (
        "import json, sys; from vllm.utils.argparse_utils import FlexibleArgumentParser;"
        "from vllm.entrypoints.launchers.cli_args import make_arg_parser;"
        "parser = make_arg_parser(FlexibleArgumentParser());"
        "[parser.parse_args(command) for command in json.loads(sys.argv[1])]"
    )
    done = subprocess.run(
        [str(ENVIRONMENT / "bin" / "python"), "-c", check, json.dumps(commands)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
