"""`python -m inference.egress`: the look for hosts without the product, such as model servers.

Exit code 0: sealed. 1: a way out is open. 2: not known.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict

from inference.egress.checking import check
from inference.egress.targets import PUBLIC, WrongTarget, proxies_from, targets_from

EXIT_CODES = {"sealed": 0, "accepted": 0, "open": 1, "unknown": 2}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m inference.egress", description=__doc__)
    parser.add_argument(
        "--target", action="append", help="tcp://HOST:PORT, dns:, ntp:, ping:, name:"
    )
    parser.add_argument("--control", action="append", default=[], help="what must be reached")
    parser.add_argument("--accept", action="append", default=[], metavar="KIND")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        targets = targets_from(options.target or PUBLIC)
        controls = targets_from(options.control)
    except WrongTarget as exc:
        parser.error(str(exc))
    report = check(
        [*targets, *proxies_from(os.environ)], controls=controls, accepted=options.accept
    )
    told = json.dumps(asdict(report), indent=2) if options.json else report.sentence
    sys.stdout.write(f"{told}\n")
    return EXIT_CODES[report.verdict]


if __name__ == "__main__":
    sys.exit(main())
