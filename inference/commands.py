"""How the command lines of this package run one of their steps and tell of what went wrong."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from inference.errors import InferenceError

logger = logging.getLogger(__name__)


def run_step(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run the step that the arguments name, its `run`; return the exit code: its own, or 1 for an error."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except InferenceError as exc:
        logger.error("%s", exc)
        return 1
