"""Adapters: only those that fit their model are served, and vLLM is told of them as it wants to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inference.errors import InferenceError, ModelFilesInvalid, ServingFailed
from inference.serving.__main__ import main
from inference.serving.adapters import (
    WEIGHTS,
    bytes_of,
    named_folder,
    rank_of,
    read_adapters,
    slots_of,
)
from inference.serving.gatekeeping import about_adapter
from inference.serving.launch import command_of
from inference.serving.machine import Machine
from inference.serving.manifest import ADAPTER_CONFIG, NAME, read_manifest
from inference.serving.memory import plan_memory
from inference.serving.packing import pack_model, unpack_model
from inference.serving.profiles import get_profile
from tests.inference.serving.adapters import (
    make_adapter,
    signed,
    small_shape,
    tensors_of,
    write_weights,
)

PROFILE = get_profile("cpu-small")
MACHINE = Machine("x86_64", frozenset({"avx512f", "avx512_bf16"}), cores=2)


def test_vllm_is_told_of_every_adapter_by_name(tmp_path: Path) -> None:
    named = [
        ("shop", make_adapter(tmp_path / "a, with a comma")),
        ("bank", make_adapter(tmp_path / "b", rank=12)),
    ]
    adapters = read_adapters(named, PROFILE, small_shape())
    assert adapters[0].learned_from == ("shop",)
    argv = command_of(
        PROFILE, MACHINE, env_folder=tmp_path, model=tmp_path, port=1, adapters=adapters
    ).argv
    at = argv.index("--enable-lora")
    assert argv[at : at + 8] == (
        *("--enable-lora", "--max-loras", "2", "--max-cpu-loras", "2", "--max-lora-rank", "16"),
        "--lora-modules",
    )
    assert [json.loads(one) for one in argv[at + 8 :]] == [
        {"name": name, "path": str(folder)} for name, folder in named
    ]


def test_without_adapters_vllm_hears_nothing_of_them(tmp_path: Path) -> None:
    argv = command_of(PROFILE, MACHINE, env_folder=tmp_path, model=tmp_path, port=1).argv
    assert not [word for word in argv if "lora" in word]


def test_more_adapters_than_places_wait_for_one(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "a")
    adapters = read_adapters([(f"a{n}", folder) for n in range(6)], PROFILE, small_shape())
    assert slots_of(PROFILE, adapters) == 4


def test_what_is_set_aside_stands_in_the_memory_plan(tmp_path: Path) -> None:
    adapters = read_adapters([("a", make_adapter(tmp_path / "a"))], PROFILE, small_shape())
    alone = plan_memory(PROFILE, small_shape(), MACHINE)
    beside = plan_memory(PROFILE, small_shape(), MACHINE, adapters)
    # 24 layers x rank 8 x 2 bytes x (2 x (896 + 896) + 2 x (896 + 128) + 3 x (896 + 4864))
    assert beside.adapters == 24 * 8 * 2 * (2 * 1792 + 2 * 1024 + 3 * 5760) == 8_798_208
    assert beside.available - alone.available == beside.adapters
    assert bytes_of(small_shape(), rank_of([]), 0) == alone.adapters == 0


def other_size(folder: Path) -> None:
    name, size = next(iter(tensors_of(small_shape(), 8).items()))
    write_weights(folder / WEIGHTS, {name: [size[0], size[1] + 1]})


MISFITS = {
    "a matrix of another size": (other_size, "has the size"),
    "more layers than the model": (
        lambda folder: write_weights(folder / WEIGHTS, {"x.layers.24.q.lora_A.weight": [8, 896]}),
        "in none of its 24 layers",
    ),
    "a whole matrix": (
        lambda folder: write_weights(folder / WEIGHTS, {"x.layers.0.q.weight": [896, 896]}),
        "no matrix of an adapter",
    ),
    "nothing": (lambda folder: write_weights(folder / WEIGHTS, {}), "no weights"),
    "a header that is none": (
        lambda folder: (folder / WEIGHTS).write_bytes(b"\xff" * 64),
        "no safetensors",
    ),
    "a header of a list": (
        lambda folder: (folder / WEIGHTS).write_bytes((2).to_bytes(8, "little") + b"[]"),
        "no safetensors",
    ),
}


@pytest.mark.parametrize("what", MISFITS)
def test_an_adapter_of_another_model_is_refused_before_vllm_starts(
    what: str, tmp_path: Path
) -> None:
    change, complaint = MISFITS[what]
    folder = make_adapter(tmp_path / "a")
    change(folder)
    signed(folder)
    with pytest.raises(InferenceError, match=complaint):
        read_adapters([("a", folder)], PROFILE, small_shape())


@pytest.mark.parametrize(
    "changed",
    [
        {"peft_type": "IA3"},
        {"r": 0},
        {"r": 256},
        {"r": "8"},
        {"use_dora": True},
        {"modules_to_save": ["lm_head"]},
        {"bias": "all"},
        {"rank_pattern": {"q_proj": 64}},
    ],
)
def test_a_kind_that_vllm_would_refuse_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "a", **changed)
    with pytest.raises(ServingFailed, match="cannot be served"):
        read_adapters([("a", folder)], PROFILE, small_shape())


def test_one_that_tells_not_what_it_learned_from_is_refused(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "a")
    (folder / NAME).unlink()
    with pytest.raises(ModelFilesInvalid, match="what the adapter learned from"):
        read_adapters([("a", folder)], PROFILE, small_shape())


def test_a_changed_byte_and_a_pickle_are_refused(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "a")
    with (folder / ADAPTER_CONFIG).open("a") as stream:
        stream.write(" ")
    with pytest.raises(ModelFilesInvalid, match="model_manifest_mismatch"):
        read_adapters([("a", folder)], PROFILE, small_shape())
    other = make_adapter(tmp_path / "b")
    (other / "adapter_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelFilesInvalid, match="may run code"):
        read_adapters([("b", other)], PROFILE, small_shape())


@pytest.mark.parametrize("names", [("a", "a"), (PROFILE.served_name,)])
def test_two_of_a_name_are_refused(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "folder")
    with pytest.raises(ServingFailed, match="name of its own"):
        read_adapters([(name, folder) for name in names], PROFILE, small_shape())


@pytest.mark.parametrize(
    "text", ["shop", "=x", "a=", "A=/x", "a b=/x", "../a=/x", "-a=/x", f"{'a' * 65}=/x"]
)
def test_what_is_no_name_with_a_folder_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NAME=FOLDER"):
        named_folder(text)
    assert named_folder("shop=/srv/a=b") == ("shop", Path("/srv/a=b"))


def test_a_manifest_is_made_packed_and_told(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "a")
    (folder / NAME).unlink()
    order = ["manifest", "make", str(folder), "--licence", "own", "--origin", "here"]
    assert main([*order, "--learned-from", "shop", "--learned-from", "bank"]) == 0
    assert read_manifest(folder).learned_from == ("shop", "bank")
    pack_model(folder, tmp_path / "a.tar")
    assert unpack_model(tmp_path / "a.tar", tmp_path / "c") == read_manifest(folder)
    told = about_adapter("shop-style", tmp_path / "c")
    assert (told["name"], told["learned_from"]) == ("shop-style", ["shop", "bank"])


def test_explain_refuses_an_adapter_that_does_not_fit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    folder = make_adapter(tmp_path / "a")
    assert main(["explain", "cpu-small", "--adapter", f"a={folder}"]) == 0
    assert "for adapters" in caplog.text
    assert main(["explain", "chat-1x80gb", "--adapter", f"a={folder}"]) == 1
    assert "not an adapter for codellama-34b-gptq" in caplog.text
