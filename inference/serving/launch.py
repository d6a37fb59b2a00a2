"""From a profile to the exact command that starts vLLM.

`python -m vllm.entrypoints.openai.api_server` and not `vllm serve`: the CPU build's own command
looks for a package name that it does not have. The server listens on this machine only: several
of its paths need no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inference.errors import ServingFailed
from inference.serving.machine import Machine
from inference.serving.profiles import Profile

CHAT_TEMPLATE = "chat_template.jinja"


@dataclass(frozen=True, slots=True)
class Launch:
    argv: tuple[str, ...]
    environment: dict[str, str]  # in addition to the caller's


def plan_launch(
    profile: Profile, machine: Machine, *, env_folder: Path, model: Path, port: int
) -> Launch:
    """Return the command; reads only which files are there. Raises ServingFailed without them."""
    python = env_folder / "bin" / "python"
    for path, what in [
        (python, "the model server's environment is not installed"),
        (model / "config.json", "the model is not there, or not converted"),
        (model / CHAT_TEMPLATE, "the model has no chat template"),
    ]:
        if not path.exists():
            raise ServingFailed(f"{what}: {path} is missing")
    argv = [str(python), "-m", "vllm.entrypoints.openai.api_server"]
    return Launch(
        argv=(*argv, *_options(profile, machine, model=model, port=port)),
        environment=_environment(machine, env_folder),
    )


def _options(profile: Profile, machine: Machine, *, model: Path, port: int) -> list[str]:
    options = {
        "--model": str(model),
        "--served-model-name": profile.served_name,
        "--host": "127.0.0.1",
        "--port": str(port),
        "--dtype": machine.dtype,
        "--max-model-len": str(profile.window_tokens),
        "--max-num-seqs": str(profile.max_sequences),
        "--kv-cache-memory-bytes": str(profile.kv_cache_bytes),
        "--prefix-caching-hash-algo": "sha256",  # a salt must not be guessable by collision
        # Without a template of the server's own, a request may bring one: CVE-2026-115911.
        "--chat-template": str(model / CHAT_TEMPLATE),
        "--chat-template-content-format": "string",
        "--uvicorn-log-level": "warning",
    }
    flags = ["--enable-prefix-caching"]
    if profile.enforce_eager:
        flags.append("--enforce-eager")
    return [*(text for pair in options.items() for text in pair), *flags]


def _environment(machine: Machine, env_folder: Path) -> dict[str, str]:
    environment = {
        # Not pinned to cores: a pinned thread waits for its core while another one is idle, and
        # the database and the web server run on the same ones.
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": str(machine.model_threads),
        "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
        # Threads that wait must sleep, or an idle model server keeps every core busy.
        "KMP_BLOCKTIME": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if (openmp := env_folder / "lib" / "libiomp5.so").exists():  # x86-64 only
        environment["LD_PRELOAD"] = str(openmp)
    return environment
