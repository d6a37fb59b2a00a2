"""A model is served only as its manifest has it; what could run code never is (E14)."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from inference.errors import ModelFilesInvalid
from inference.serving.__main__ import main
from inference.serving.manifest import (
    NAME,
    check_safe,
    make_manifest,
    read_manifest,
    verify_folder,
    write_manifest,
)
from inference.serving.packing import pack_model, unpack_model
from tests.inference.serving.models import copied, make_model

MISMATCH = "model_manifest_mismatch"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = make_model(tmp_path / "model")
    manifest = make_manifest(folder, name="m", licence="Llama 2", origin="https://models.example/m")
    write_manifest(folder, manifest)
    return folder


def test_a_manifest_says_what_the_model_is(model: Path) -> None:
    manifest = verify_folder(model)
    assert (manifest.licence, manifest.window_tokens) == ("Llama 2", 16384)
    assert manifest.quantization == "gptq, 4 bits, group 128"
    assert set(manifest.files) == {
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
        "chat_template.jinja",
    }  # fmt: skip
    assert read_manifest(model) == manifest


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def merged(path: Path, **more: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


Tamper = Callable[[Path], object]
TAMPERED: dict[str, tuple[Tamper, str]] = {
    "a flipped byte of the weights": (lambda m: flip(m / "model.safetensors"), "model.safetensors"),
    "a flipped byte of the tokenizer": (lambda m: (m / "tokenizer.json").write_text("{ "), "tokenizer.json"),
    "auto_map": (lambda m: merged(m / "config.json", auto_map={"AutoModel": "x.Y"}), "auto_map"),
    "auto_map deep inside": (lambda m: merged(m / "tokenizer_config.json", a=[{"auto_map": 1}]), "auto_map"),
    "a pickle beside": (lambda m: (m / "pytorch_model.bin").write_bytes(b"\x80\x04."), "run code"),
    "a script beside": (lambda m: (m / "modeling_x.py").write_text("import os"), "run code"),
    "a file more": (lambda m: (m / "notes.txt").write_text("x"), "notes.txt is not in the manifest"),
    "a file less": (lambda m: (m / "chat_template.jinja").unlink(), "chat_template.jinja is missing"),
    "a link": (lambda m: (m / "more.json").symlink_to("/etc/passwd"), "not a plain file"),
    "a linked folder": (lambda m: (m / "deep").symlink_to("/etc"), "not a plain file"),
    "a pipe": (lambda m: os.mkfifo(m / "pipe.json"), "not a plain file"),
    "a hidden name": (lambda m: (m / ".hidden").write_text("x"), "no name for a file"),
    "a configuration too large to read": (
        lambda m: (m / "generation_config.json").write_text(" " * 5_000_000 + '{"auto_map": 1}'), "larger",
    ),
    "no weights": (lambda m: (m / "model.safetensors").rename(m / "model.txt"), "no weights"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_a_folder_that_was_changed_is_refused(what: str, model: Path) -> None:
    tamper, said = TAMPERED[what]
    tamper(model)
    with pytest.raises(ModelFilesInvalid, match=MISMATCH) as refused:
        verify_folder(model)
    assert said in str(refused.value)


@pytest.mark.parametrize("what", ["auto_map", "a pickle beside", "a script beside", "a link"])
def test_what_may_run_code_is_refused_without_a_manifest_too(what: str, tmp_path: Path) -> None:
    folder = make_model(tmp_path / "plain")
    check_safe(folder)
    TAMPERED[what][0](folder)
    with pytest.raises(ModelFilesInvalid, match=MISMATCH):
        check_safe(folder)
    with pytest.raises(ModelFilesInvalid, match=MISMATCH):
        make_manifest(folder, name="m", licence="x", origin="y")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"files": 3}',
        "[" * 100_000,
        '{"files": {"a": {}}}',
        "\x00",
        " " * 5_000_000,
    ],
)
def test_a_manifest_that_is_none_gets_a_sentence(content: str, model: Path) -> None:
    (model / NAME).write_text(content)
    with pytest.raises(ModelFilesInvalid, match=NAME):
        verify_folder(model)


def test_a_folder_without_one_is_told_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesInvalid, match="manifest make"):
        verify_folder(make_model(tmp_path / "plain"))


def test_the_commands_make_verify_and_show(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    (model / NAME).unlink()
    assert main(["manifest", "make", str(model)]) == 1
    assert "name the --licence" in caplog.text
    assert main(["manifest", "make", str(model), "--licence", "MIT", "--origin", "here"]) == 0
    assert main(["manifest", "verify", str(model)]) == 0
    flip(model / "model.safetensors")
    assert main(["manifest", "show", str(model)]) == 0
    assert main(["manifest", "verify", str(model)]) == 1
    assert MISMATCH in caplog.text


def test_a_packed_model_comes_out_as_it_went_in(model: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.tar", tmp_path / "b.tar"
    pack_model(model, first)
    pack_model(copied(model, tmp_path / "copy"), second)
    assert first.read_bytes() == second.read_bytes()
    unpacked = tmp_path / "there" / "model"
    assert unpack_model(first, unpacked) == read_manifest(model)
    assert {p.name: p.read_bytes() for p in unpacked.iterdir()} == {
        p.name: p.read_bytes() for p in model.iterdir()
    }
    with pytest.raises(ModelFilesInvalid, match="there already"):
        unpack_model(first, unpacked)


def test_what_is_not_as_it_should_be_is_not_packed(model: Path, tmp_path: Path) -> None:
    flip(model / "model.safetensors")
    with pytest.raises(ModelFilesInvalid, match=MISMATCH):
        pack_model(model, tmp_path / "a.tar")
    assert list(tmp_path.glob("*.tar*")) == []


def hostile(tmp_path: Path, member: tarfile.TarInfo, content: bytes = b"") -> Path:
    archive = tmp_path / "hostile.tar"
    with tarfile.open(archive, "w") as tar:
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return archive


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.mark.parametrize(
    "member",
    [tarfile.TarInfo("../outside.json"), tarfile.TarInfo("/outside.json"), link("config.json", "/etc/passwd")],
    ids=["above", "absolute", "link"],
)  # fmt: skip
def test_a_hostile_archive_leaves_nothing(member: tarfile.TarInfo, tmp_path: Path) -> None:
    archive = hostile(tmp_path, member, b"" if member.issym() else b"{}")
    with pytest.raises(ModelFilesInvalid):
        unpack_model(archive, tmp_path / "into" / "model")
    assert list((tmp_path / "into").iterdir()) == []
    assert not (tmp_path / "outside.json").exists()


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.4, 0.7])
def test_a_broken_or_cut_archive_leaves_nothing(keep: float, model: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    pack_model(model, archive)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(ModelFilesInvalid):
        unpack_model(archive, tmp_path / "into" / "model")
    assert not (tmp_path / "into" / "model").exists()
