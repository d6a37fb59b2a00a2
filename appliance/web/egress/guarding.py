"""At its start and every day each service looks for a way out; where that is enforced, an open way
ends it.

In the service itself, because another user, another control group or another host has other ways.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connections

from appliance.web.egress.looking import PASSED, look
from inference.egress.checking import Report

logger = logging.getLogger(__name__)

DAY_S = 24 * 3600.0
AGAIN_S = 300.0  # after a look that could not tell


def begin(service: str) -> None:
    """Look now and from now on. Where it is enforced, raise SystemExit unless all is closed."""
    if settings.EGRESS == "off":
        return
    first: Report | None = None
    if settings.EGRESS == "enforce":
        # In a thread, because a web server may call this from its event loop.
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(_look, service).result()
        if first.verdict not in PASSED:
            raise SystemExit(refusal(service, first))
    wait_s = DAY_S if first else 0.0
    threading.Thread(target=watch, args=(service, wait_s), daemon=True).start()


def refusal(service: str, report: Report) -> str:
    return (
        f"{report.sentence}. PLUMBLINE_EGRESS=enforce: {service} does not run while a way out is "
        "open or not known. Close it in the firewall, or see docs/air-gap.md."
    )


def watch(service: str, wait_s: float) -> None:
    """Look again and again, for as long as the process lives."""
    while True:
        time.sleep(wait_s)
        report = _look(service)
        if report.verdict == "open" and settings.EGRESS == "enforce":
            logger.critical("%s", refusal(service, report))
            # Whoever started the service starts it again, and then it refuses by itself.
            os.kill(os.getpid(), signal.SIGTERM)
            return
        wait_s = AGAIN_S if report.verdict == "unknown" else DAY_S


def _look(service: str) -> Report:
    try:
        return look(service)
    finally:
        connections.close_all()
