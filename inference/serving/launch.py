"""From a profile to the exact command that starts vLLM.

`python -m vllm.entrypoints.openai.api_server` and not `vllm serve`: the CPU build's own command
looks for a package name that it does not have. The server listens on this machine only: several
of its paths need no key. Other hosts reach it through the gateway.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inference.errors import ServingFailed
from inference.serving.adapters import Adapter, rank_of, slots_of
from inference.serving.machine import Machine
from inference.serving.profiles import Profile

CHAT_TEMPLATE = "chat_template.jinja"
NGRAM_LONGEST, NGRAM_SHORTEST = 5, 2  # words of the prompt that foretell the next ones
ALWAYS = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True, slots=True)
class Launch:
    argv: tuple[str, ...]
    environment: dict[str, str]  # in addition to the caller's


def plan_launch(
    profile: Profile,
    machine: Machine,
    *,
    env_folder: Path,
    model: Path,
    port: int | None = None,
    socket: Path | None = None,
    adapters: Sequence[Adapter] = (),
    is_dummy: bool = False,
) -> Launch:
    """Return the command; a dummy gets weights at random, for benchmarks. Reads only which files are there. Raises ServingFailed without them."""
    python = env_folder / "bin" / "python"
    needed = [
        (python, "the model server's environment is not installed"),
        (model / "config.json", "the model is not there, or not converted"),
    ]
    if profile.role == "chat":
        needed.append((model / CHAT_TEMPLATE, "the model has no chat template"))
    for path, what in needed:
        if not path.exists():
            raise ServingFailed(f"{what}: {path} is missing")
    launch = command_of(
        profile,
        machine,
        env_folder=env_folder,
        model=model,
        port=port,
        socket=socket,
        adapters=adapters,
    )
    return replace(launch, argv=_with_random_weights(launch.argv)) if is_dummy else launch


def _with_random_weights(argv: tuple[str, ...]) -> tuple[str, ...]:
    at = argv.index("--load-format") + 1
    return (*argv[:at], "dummy", *argv[at + 1 :])


def command_of(
    profile: Profile,
    machine: Machine,
    *,
    env_folder: Path,
    model: Path,
    port: int | None = None,
    socket: Path | None = None,
    adapters: Sequence[Adapter] = (),
) -> Launch:
    """Return the command, whether or not it can be run here."""
    where = ["--uds", str(socket)] if socket else ["--host", "127.0.0.1", "--port", str(port)]
    argv = [str(env_folder / "bin" / "python"), "-m", "vllm.entrypoints.openai.api_server"]
    return Launch(
        argv=(
            *argv,
            *_options(profile, machine, model=model, where=where),
            *_adapter_options(profile, adapters),
        ),
        environment=ALWAYS
        | (_cpu_environment(machine, env_folder) if profile.device == "cpu" else {}),
    )


def _options(profile: Profile, machine: Machine, *, model: Path, where: Sequence[str]) -> list[str]:
    options = {
        "--max-model-len": str(profile.window_tokens),
        "--max-num-seqs": str(profile.max_sequences),
        "--load-format": "safetensors",  # never a pickle
        "--uvicorn-log-level": "warning",
        **(_cpu_options(profile, machine) if profile.device == "cpu" else _gpu_options(profile)),
        **(_chat_options(profile, model) if profile.role == "chat" else _pooling_options(profile)),
    }
    flags = ["--enable-prefix-caching"] if profile.role == "chat" else []
    if profile.enforce_eager:
        flags.append("--enforce-eager")
    named = ["--model", str(model), "--served-model-name", profile.served_name]
    return [*named, *where, *(text for pair in options.items() for text in pair), *flags]


def _cpu_options(profile: Profile, machine: Machine) -> dict[str, str]:
    return {
        "--dtype": machine.dtype,
        "--kv-cache-memory-bytes": str(profile.kv_cache_bytes),
    }


def _gpu_options(profile: Profile) -> dict[str, str]:
    return {
        "--dtype": "auto",
        "--gpu-memory-utilization": str(profile.gpu_memory_share),
        "--tensor-parallel-size": str(profile.gpus),
        "--kv-cache-dtype": profile.kv_dtype,
        "--max-num-batched-tokens": str(profile.max_batched_tokens),
    }


def _chat_options(profile: Profile, model: Path) -> dict[str, str]:
    options = {
        "--prefix-caching-hash-algo": "sha256",  # a salt must not be guessable by collision
        # Without a template of the server's own, a request may bring one: CVE-2026-115911.
        "--chat-template": str(model / CHAT_TEMPLATE),
        "--chat-template-content-format": "string",
        "--scheduling-policy": "priority",  # people before batches: the client says which
    }
    if profile.speculative_tokens:
        options["--speculative-config"] = json.dumps(
            {
                "method": "ngram",
                "num_speculative_tokens": profile.speculative_tokens,
                "prompt_lookup_max": NGRAM_LONGEST,
                "prompt_lookup_min": NGRAM_SHORTEST,
            }
        )
    return options


def _adapter_options(profile: Profile, adapters: Sequence[Adapter]) -> list[str]:
    """Return the options for adapters; without any vLLM is not told of the kind, and is faster."""
    if not adapters:
        return []
    options = {
        "--max-loras": str(slots_of(profile, adapters)),
        "--max-cpu-loras": str(len(adapters)),
        "--max-lora-rank": str(rank_of(adapters)),
    }
    modules = [adapter.as_module() for adapter in adapters]
    named = [text for pair in options.items() for text in pair]
    return ["--enable-lora", *named, "--lora-modules", *modules]


def _pooling_options(profile: Profile) -> dict[str, str]:
    options = {"--runner": "pooling"}
    if profile.hf_overrides:
        options["--hf-overrides"] = json.dumps(profile.hf_overrides)
    return options


def _cpu_environment(machine: Machine, env_folder: Path) -> dict[str, str]:
    environment = {
        # Not pinned to cores: a pinned thread waits for its core while another one is idle, and
        # the database and the web server run on the same ones.
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": str(machine.model_threads),
        "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
        # Threads that wait must sleep, or an idle model server keeps every core busy.
        "KMP_BLOCKTIME": "1",
    }
    if (openmp := env_folder / "lib" / "libiomp5.so").exists():  # x86-64 only
        environment["LD_PRELOAD"] = str(openmp)
    return environment
