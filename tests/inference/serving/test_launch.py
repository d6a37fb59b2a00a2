"""The command that starts vLLM: exact, and only on a machine where it can work."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.errors import ServingFailed
from inference.serving.launch import plan_launch
from inference.serving.machine import Machine, read_machine
from inference.serving.profiles import Profile, get_profile, profile_names

AVX2 = Machine("x86_64", frozenset({"avx2"}), cores=2)
PROFILE = Profile("small", 4096, 4, kv_cache_bytes=1000, enforce_eager=True)


@pytest.fixture
def env_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "env"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").touch()
    (folder / "chat_template.jinja").touch()
    return folder


def test_the_command_is_exact(env_folder: Path, model: Path) -> None:
    launch = plan_launch(PROFILE, AVX2, env_folder=env_folder, model=model, port=8101)
    assert launch.argv == (
        *(f"{env_folder}/bin/python", "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(model), "--served-model-name", "small"),
        *("--host", "127.0.0.1", "--port", "8101"),
        *("--max-model-len", "4096", "--max-num-seqs", "4", "--load-format", "safetensors"),
        *("--uvicorn-log-level", "warning"),
        *("--dtype", "float32", "--kv-cache-memory-bytes", "1000"),
        *("--prefix-caching-hash-algo", "sha256"),
        *("--chat-template", f"{model}/chat_template.jinja"),
        *("--chat-template-content-format", "string", "--scheduling-policy", "priority"),
        *("--enable-prefix-caching", "--enforce-eager"),
    )


def test_a_dummy_differs_in_its_weights_alone(env_folder: Path, model: Path) -> None:
    real = plan_launch(PROFILE, AVX2, env_folder=env_folder, model=model, port=8101)
    dummy = plan_launch(PROFILE, AVX2, env_folder=env_folder, model=model, port=8101, is_dummy=True)
    assert [(a, b) for a, b in zip(real.argv, dummy.argv, strict=True) if a != b] == [
        ("safetensors", "dummy")
    ]


def test_nothing_is_looked_up_or_reported_elsewhere(env_folder: Path, model: Path) -> None:
    launch = plan_launch(PROFILE, AVX2, env_folder=env_folder, model=model, port=8101)
    assert launch.environment["HF_HUB_OFFLINE"] == "1"
    assert launch.environment["VLLM_NO_USAGE_STATS"] == "1"
    assert launch.environment["DO_NOT_TRACK"] == "1"
    assert "LD_PRELOAD" not in launch.environment


def test_the_openmp_of_the_environment_is_used_where_it_is(env_folder: Path, model: Path) -> None:
    (env_folder / "lib").mkdir()
    openmp = env_folder / "lib" / "libiomp5.so"
    openmp.touch()
    launch = plan_launch(PROFILE, AVX2, env_folder=env_folder, model=model, port=8101)
    assert launch.environment["LD_PRELOAD"] == str(openmp)


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ({"avx2"}, "float32"),
        ({"avx2", "avx512f", "avx512_vnni"}, "float32"),
        ({"avx512_bf16"}, "bfloat16"),
        ({"amx_bf16"}, "bfloat16"),
        ({"asimd"}, "float32"),
        ({"asimd", "bf16"}, "bfloat16"),
        (set(), "float32"),
    ],
)
def test_bfloat16_only_where_the_processor_has_it(flags: set[str], dtype: str) -> None:
    assert Machine("any", frozenset(flags), cores=2).dtype == dtype


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (3, 3), (4, 3), (16, 15)])
def test_a_core_is_left_free_where_there_are_enough(cores: int, threads: int) -> None:
    assert Machine("any", frozenset(), cores).model_threads == threads


@pytest.mark.parametrize("missing", ["config.json", "chat_template.jinja"])
def test_a_model_that_is_not_complete_is_refused(
    env_folder: Path, model: Path, missing: str
) -> None:
    (model / missing).unlink()
    with pytest.raises(ServingFailed, match=missing):
        plan_launch(PROFILE, AVX2, env_folder=env_folder, model=model, port=8101)


def test_an_environment_that_is_not_there_is_refused(tmp_path: Path, model: Path) -> None:
    with pytest.raises(ServingFailed, match="not installed"):
        plan_launch(PROFILE, AVX2, env_folder=tmp_path / "none", model=model, port=8101)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (
            "processor\t: 0\nflags\t\t: fpu avx2\n\nprocessor\t: 1\nflags\t\t: fpu avx2\n",
            {"fpu", "avx2"},
        ),
        ("processor\t: 0\nFeatures\t: asimd bf16\n", {"asimd", "bf16"}),
        ("", set()),
        ("flags", set()),
        ("flags:\n", set()),
    ],
)
def test_the_processor_is_read_from_cpuinfo(tmp_path: Path, text: str, flags: set[str]) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(text)
    machine = read_machine(cpuinfo)
    assert machine.flags == flags
    assert machine.cores >= 1


def test_hyperthreads_are_not_counted(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("\n\n".join(["physical id: 0\ncore id: 0"] * 64))
    assert read_machine(cpuinfo).cores == 1


def test_a_machine_without_cpuinfo_has_a_core(tmp_path: Path) -> None:
    assert read_machine(tmp_path / "none").cores >= 1


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_can_be_read(name: str) -> None:
    assert get_profile(name).window_tokens >= 2048


@pytest.mark.parametrize("name", ["none", "../profiles/cpu-small", ""])
def test_an_unknown_profile_is_refused(name: str) -> None:
    with pytest.raises(ServingFailed, match="no profile"):
        get_profile(name)


def test_a_profile_with_a_number_below_one_is_refused() -> None:
    with pytest.raises(ServingFailed, match="below 1"):
        Profile("small", 0, 1, kv_cache_bytes=1)


def test_a_socket_stands_in_place_of_the_address(env_folder: Path, model: Path) -> None:
    socket = Path("/run/plumbline/chat.sock")
    launch = plan_launch(PROFILE, AVX2, env_folder=env_folder, model=model, socket=socket)
    assert launch.argv[launch.argv.index("--uds") + 1] == str(socket)
    assert not {"--host", "--port"} & set(launch.argv)
