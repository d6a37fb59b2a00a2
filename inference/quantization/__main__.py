"""A model in a quarter of its size, and the proof of what that costs; on the machine that has the card.

python -m inference.quantization install   [--env .venv-quantize] [--cuda]
python -m inference.quantization calibrate FOLDER [--own FILE]... [--own-share 0.5] [--samples 512]
python -m inference.quantization explain   MODEL [--on-card] [the options of run]
python -m inference.quantization run       MODEL OUT --calibration FILE...
python -m inference.quantization verify    BEFORE AFTER --held-out FILE...

`run` and `verify` go over into the environment of quantization (--env). A `run` that was ended in any way
goes on after the last finished layer when it is started again. Exit code 3: compared, and not promoted.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from inference.commands import run_step
from inference.quantization import install
from inference.quantization.calibration import general_texts, mixed, read_texts, write_texts
from inference.quantization.comparison.values import Bars
from inference.quantization.entering import enter
from inference.quantization.plan import plan_lines
from inference.quantization.recipe import ORDERS, Recipe
from inference.serving.shape import SHAPES, read_shape, shape_names

logger = logging.getLogger(__name__)

MODULE = "inference.quantization"
REFUSED = 3
HELD_OUT_TEXTS = 64


def run_install(options: argparse.Namespace) -> int:
    return install.main([str(options.env), *(["--cuda"] if options.cuda else [])])


def run_calibrate(options: argparse.Namespace) -> int:
    """Write calibration.jsonl and held-out.jsonl, which have no text in common."""
    own = [text for file in options.own for text in read_texts(file)]
    general = general_texts()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, is_held_out, samples in (
        ("calibration.jsonl", False, options.samples),
        ("held-out.jsonl", True, HELD_OUT_TEXTS),
    ):
        texts = mixed(
            [text for text in own if text.is_held_out is is_held_out],
            [text for text in general if text.is_held_out is is_held_out],
            own_share=options.own_share,
            samples=samples,
        )
        path = options.folder / name
        write_texts(path, texts)
        of_own = sum(text.part == "own" for text in texts)
        logger.info("%s: %d texts, %d of them the company's own", path, len(texts), of_own)
    return 0


def run_explain(options: argparse.Namespace) -> int:
    folder = SHAPES / options.model if options.model in shape_names() else Path(options.model)
    for line in plan_lines(read_shape(folder), _recipe(options), on_card=options.on_card):
        logger.info("%s", line)
    return 0


def run_run(options: argparse.Namespace) -> int:
    enter(options.env, MODULE)
    # These load torch, which is only there inside the environment.
    from inference.quantization.engines.choice import device_named, engine_named
    from inference.quantization.quantize import Order, quantize

    recipe, device = _recipe(options), device_named(options.device)
    for line in plan_lines(read_shape(options.model), recipe, on_card=device == "cuda"):
        logger.info("%s", line)
    order = Order(
        options.model, options.out, tuple(options.calibration), options.licence, options.origin
    )
    manifest = quantize(order, engine_named(recipe, device), recipe, logger.info)
    logger.info("%s: %s. Not promoted before `verify`.", options.out, manifest.quantization)
    return 0


def run_verify(options: argparse.Namespace) -> int:
    enter(options.env, MODULE)
    # As above.
    from inference.quantization.comparison.loaded import LoadedModel
    from inference.quantization.comparison.report import lines_of
    from inference.quantization.engines.choice import device_named
    from inference.quantization.verify import Question, verify

    device = device_named(options.device)
    question = Question(
        options.before,
        options.after,
        tuple(options.held_out),
        options.report or options.after.with_name(f"{options.after.name}-report"),
        windows=options.windows,
        window_tokens=options.window_tokens,
        answers=options.answers,
        problems=options.problems,
    )
    bars = Bars(options.perplexity_rise, options.expected_agreement, options.passed_loss)
    comparison = verify(question, lambda folder: LoadedModel(folder, device), bars, logger.info)
    for line in lines_of(comparison, before=question.before.name, after=question.after.name):
        logger.info("%s", line)
    logger.info("report: %s", question.report)
    return 0 if comparison.promoted else REFUSED


def _recipe(options: argparse.Namespace) -> Recipe:
    return Recipe(
        engine=options.engine,
        bits=options.bits,
        group_size=options.group_size,
        order=options.order,
        windows=options.windows,
        window_tokens=options.window_tokens,
    )


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    usual = Recipe()
    parser.add_argument("--engine", default=usual.engine)
    parser.add_argument("--bits", type=int, default=usual.bits)
    parser.add_argument("--group-size", type=int, default=usual.group_size)
    parser.add_argument("--order", choices=ORDERS, default=usual.order, help="of the inputs")
    parser.add_argument("--windows", type=int, default=usual.windows)
    parser.add_argument("--window-tokens", type=int, default=usual.window_tokens)


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.add_argument("--own", type=Path, action="append", default=[], help="export_calibration")
    parser.add_argument("--own-share", type=float, default=0.5)
    parser.add_argument("--samples", type=int, default=512)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--calibration", type=Path, action="append", required=True)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--licence", default="", help="of a model without a manifest")
    parser.add_argument("--origin", default="", help="of a model without a manifest")
    _add_recipe(parser)


def _add_verify(parser: argparse.ArgumentParser) -> None:
    bars = Bars()
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--held-out", type=Path, action="append", required=True)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--report", type=Path, help="folder (default: AFTER-report)")
    parser.add_argument("--windows", type=int, default=16, help="of held-out text, of each part")
    parser.add_argument("--window-tokens", type=int, default=512)
    parser.add_argument("--answers", type=int, default=16)
    parser.add_argument("--problems", type=int, default=164, help="of HumanEval; 0: none")
    for name in ("perplexity_rise", "expected_agreement", "passed_loss"):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=float, default=getattr(bars, name), help="a share")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="inference.quantization",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    steps = parser.add_subparsers(required=True)

    def step(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = steps.add_parser(name)
        added.set_defaults(run=run)
        added.add_argument("--env", type=Path, default=Path(".venv-quantize"))
        return added

    step("install", run_install).add_argument("--cuda", action="store_true", help="for a card")
    _add_calibrate(step("calibrate", run_calibrate))
    explain = step("explain", run_explain)
    explain.add_argument("model", help=f"a folder, or a shape: {', '.join(shape_names())}")
    explain.add_argument("--on-card", action="store_true")
    _add_recipe(explain)
    _add_run(step("run", run_run))
    _add_verify(step("verify", run_verify))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    return run_step(_parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
