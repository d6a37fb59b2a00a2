"""An adapter from a company's own commits and curated answers, trained beside the model.

python3.11 -m inference.quantization.install .venv-quantize [--cuda]
python manage.py export_pairs --out pairs.jsonl --source NAME
python -m inference.adapting train MODEL OUT --pairs pairs.jsonl
python -m inference.serving launch --profile cpu-small --port 8101 --adapter NAME=OUT

`train` goes over into the environment of quantization (--env). Exit code 3: trained, and no better for it.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from inference.adapting.recipe import Recipe
from inference.commands import run_step
from inference.quantization.entering import enter

logger = logging.getLogger(__name__)

MODULE = "inference.adapting"
REFUSED = 3


def run_train(options: argparse.Namespace) -> int:
    enter(options.env, MODULE)
    # These load torch, which is only there inside the environment.
    from inference.adapting.learning import Learner
    from inference.adapting.training import Order, train
    from inference.quantization.engines.choice import device_named

    device = device_named(options.device)
    recipe = Recipe(
        rank=options.rank,
        alpha=2 * options.rank,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        longest=options.longest,
        most_pairs=options.most_pairs,
    )
    order = Order(options.model, options.out, tuple(options.pairs), options.licence, options.origin)
    manifest = train(
        order, recipe, lambda folder, recipe: Learner(folder, recipe, device), logger.info
    )
    told = ", ".join(manifest.learned_from)
    logger.info("%s: rank %d, learned from %s", options.out, recipe.rank, told)
    return 0 if manifest.promoted else REFUSED


def _parser() -> argparse.ArgumentParser:
    usual = Recipe()
    parser = argparse.ArgumentParser(
        prog=MODULE, description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    steps = parser.add_subparsers(required=True)
    train = steps.add_parser("train")
    train.set_defaults(run=run_train)
    train.add_argument("--env", type=Path, default=Path(".venv-quantize"))
    train.add_argument("model", type=Path)
    train.add_argument("out", type=Path)
    train.add_argument("--pairs", type=Path, action="append", required=True)
    train.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    train.add_argument("--licence", default="", help="of a model without a manifest")
    train.add_argument("--origin", default="", help="of a model without a manifest")
    for name in ("rank", "epochs", "longest", "most_pairs"):
        train.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(usual, name))
    train.add_argument("--learning-rate", type=float, default=usual.learning_rate)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    return run_step(_parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
