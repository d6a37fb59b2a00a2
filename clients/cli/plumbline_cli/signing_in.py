"""Sign-in by a code that one types into a browser, on this machine or any other (RFC 8628)."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plumbline_cli.errors import CliError, NotReached, NotSignedIn, Refused
from plumbline_cli.server import Server

SLOWER_S = 5
ENDED = {
    "expired_token": "Nobody typed the code in time. Start again: plumbline login",
    "access_denied": "You were turned away. Ask who runs the appliance, or start again.",
}


@dataclass(frozen=True)
class Codes:
    """What to show, and what to come back with."""

    device_code: str
    user_code: str
    page: str
    page_with_code: str
    interval_s: float
    expires_in_s: float


def begin(server: Server) -> Codes:
    """Ask the appliance for codes. Raises Refused, with status 404 where it has no such sign-in."""
    client = f"plumbline on {platform.node() or 'a machine'}"
    status, told = server.answer_to("/api/v1/device", {"client": client[:100]})
    if status != 200:
        what = str(told.get("error_description") or told.get("detail") or "It gives no codes.")
        raise Refused(what, status)
    try:
        return Codes(
            str(told["device_code"]),
            str(told["user_code"]),
            str(told["verification_uri"]),
            str(told.get("verification_uri_complete") or told["verification_uri"]),
            float(told.get("interval", 5)),
            float(told["expires_in"]),
        )
    except (KeyError, TypeError, ValueError):
        raise NotReached(f"{server.url} does not answer as a Plumbline does.") from None


def wait_for_token(
    server: Server, codes: Codes, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Come back until the code was typed in; return the token with its user and end."""
    interval, waited = codes.interval_s, 0.0
    while waited < codes.expires_in_s:
        sleep(interval)
        waited += interval
        status, told = server.answer_to("/api/v1/device/token", {"device_code": codes.device_code})
        if status == 200 and told.get("access_token"):
            return told
        error = str(told.get("error", ""))
        if error == "slow_down":
            interval += SLOWER_S
        elif error != "authorization_pending":
            raise CliError(ENDED.get(error, f"The appliance gives no token: {error or status}."))
    raise NotSignedIn(ENDED["expired_token"])
