"""The offline bundle on the command line.

python -m appliance.local.bundle FOLDER --key KEY [--device cpu|cuda]... [--model FOLDER]... [--quantize cpu|cuda]
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.local.bundle.debian import MIRROR, SECURITY, Mirror
from appliance.local.bundle.making import Contents, make_bundle
from appliance.local.bundle.running import BundleFailed
from appliance.local.bundle.target import PYTHON
from appliance.local.bundle.verify import SIGNATURE
from inference.errors import InferenceError

logger = logging.getLogger(__name__)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="appliance.local.bundle", description=__doc__)
    parser.add_argument("folder", type=Path, help="a new folder for the bundle")
    parser.add_argument("--key", type=Path, required=True, help="signs it; made when it is missing")
    parser.add_argument("--device", choices=["cpu", "cuda"], action="append", default=[])
    parser.add_argument("--model", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument(
        "--quantize", choices=["cpu", "cuda"], default="", help="with what makes models smaller"
    )
    parser.add_argument(
        "--model-python", default=PYTHON, help="of hosts with --device cpu; another than Debian's"
    )
    parser.add_argument("--advisories", type=Path, help="an export of OSV's advisories for PyPI")
    parser.add_argument("--without-clients", action="store_true", help="no programs for people")
    parser.add_argument("--debian", default=MIRROR, help="a mirror of Debian")
    parser.add_argument("--security", default=SECURITY, help="a mirror of its security updates")
    parser.add_argument("--without-debian", action="store_true", help="for hosts with a mirror")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    options = _parser().parse_args(arguments)
    contents = Contents(
        devices=tuple(dict.fromkeys(options.device)),
        models=tuple(options.model),
        debian=not options.without_debian,
        mirror=Mirror(options.debian, options.security),
        clients=not options.without_clients,
        advisories=options.advisories,
        quantize=options.quantize,
        model_python=options.model_python,
    )
    try:
        release = make_bundle(options.folder, contents, options.key, logger.info)
    except (BundleFailed, InferenceError) as exc:
        logger.error("%s", exc)
        return 1
    logger.info(
        "%s holds Plumbline %s; %s is its signature.", options.folder, release.version, SIGNATURE
    )
    logger.info(
        "Carry %s to the site another way than the bundle.", options.key.with_suffix(".pub")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
