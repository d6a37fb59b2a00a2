"""The model server on the command line, step by step; every step may be run again.

python -m inference.serving install  --env .venv-vllm
python -m inference.serving fetch    qwen2.5-coder-0.5b-instruct-gguf
python -m inference.serving convert  --env .venv-vllm
python -m inference.serving launch   --env .venv-vllm --profile cpu-small --port 8101
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from inference.errors import InferenceError
from inference.fetching import Progress, fetch
from inference.packages import SMALL_MODEL_GGUF, default_cache_folder, get_model, packaged_models
from inference.serving import install
from inference.serving.launch import plan_launch
from inference.serving.machine import read_machine
from inference.serving.profiles import get_profile, profile_names
from inference.serving.small_model import (
    convert_small_model,
    fetch_small_model,
    small_model_folder,
)

logger = logging.getLogger(__name__)

SHOWN_PERCENT = 10  # a line each time so much more has come
NICENESS = 10  # whoever works on this machine goes first


def run_install(options: argparse.Namespace) -> int:
    return install.main([str(options.env)])


def run_fetch(options: argparse.Namespace) -> int:
    progress = _percent_lines(options.model)
    if options.model == SMALL_MODEL_GGUF:
        logger.info("%s", fetch_small_model(options.cache, progress).parent)
    else:
        logger.info("%s", fetch(get_model(options.model), options.cache, progress))
    return 0


def run_convert(options: argparse.Namespace) -> int:
    logger.info("%s", convert_small_model(options.cache, options.env, logger.info))
    return 0


def run_launch(options: argparse.Namespace) -> int:
    """Become the model server: this process is replaced, so signals reach vLLM itself."""
    launch = plan_launch(
        get_profile(options.profile),
        read_machine(),
        env_folder=options.env.absolute(),
        model=(options.model or small_model_folder(options.cache)).absolute(),
        port=options.port,
    )
    os.nice(NICENESS)
    os.execve(launch.argv[0], launch.argv, {**os.environ, **launch.environment})  # noqa: S606


def _percent_lines(name: str) -> Progress:
    shown = -SHOWN_PERCENT

    def progress(done_bytes: int, total_bytes: int) -> None:
        nonlocal shown
        percent = 100 * done_bytes // total_bytes
        if percent >= shown + SHOWN_PERCENT:
            shown = percent
            logger.info("%s %d%% of %d MB", name, percent, total_bytes // 1_000_000)

    return progress


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="inference.serving", description=__doc__)
    steps = parser.add_subparsers(required=True)

    def step(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = steps.add_parser(name)
        added.set_defaults(run=run)
        added.add_argument("--env", type=Path, default=Path(".venv-vllm"))
        added.add_argument("--cache", type=Path, default=default_cache_folder())
        return added

    step("install", run_install)
    step("fetch", run_fetch).add_argument("model", choices=list(packaged_models()))
    step("convert", run_convert)
    launch = step("launch", run_launch)
    launch.add_argument("--profile", choices=profile_names(), default="cpu-small")
    launch.add_argument("--port", type=int, required=True)
    launch.add_argument("--model", type=Path, help="a Hugging Face folder (default: the small one)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except InferenceError as exc:
        logger.error("%s", exc)
        return 1


if __name__ == "__main__":
    sys.exit(main())
